// A tree whose parts do not fit together is named, part by part.
#include <csignal>
#include <set>

#include "cr/kinds/kinds_testing.h"

namespace cr::kinds {
namespace {

TEST(Task, EachWrongFieldIsNamed) {
  expect_each_is_named(
      small_tree,
      {
          {"task 1: impossible pid", [](Sample& s) { s.add_zombie(1, 100, 100, 100); }},
          {"impossible pid", [](Sample& s) { s.add_zombie(1 << 22, 100, 100, 100); }},
          {"task 555: filed elsewhere", [](Sample& s) { s.task(102).set_pid(555); }},
          {"2 tasks have no parent", [](Sample& s) { s.task(101).set_parent(0); }},
          {"0 tasks have no parent",
           [](Sample& s) { s.task(100).set_parent(101), s.task(101).set_parent(100); }},
          {"2 tasks are not below the root: their ancestors form a circle",
           [](Sample& s) {
             s.add_task(110, 111, 100, 100).set_parent(111);
             s.add_task(111, 110, 100, 100);
           }},
          {"task 101: parent 999 is no living task", [](Sample& s) { s.task(101).set_parent(999); }},
          {"task 101: parent 102 is no living task", [](Sample& s) { s.task(101).set_parent(102); }},
          {"task 101: parent -1 is no living task", [](Sample& s) { s.task(101).set_parent(-1); }},
          {"circle", [](Sample& s) { s.task(101).set_parent(101); }},
          {"task 101: impossible session or group", [](Sample& s) { s.task(101).set_sid(-1); }},
          {"task 101: impossible session or group", [](Sample& s) { s.task(101).set_pgid(1 << 22); }},
          {"leads its group too", [](Sample& s) { s.task(101).set_sid(101); }},
          {"task 100: the root is in session 555", [](Sample& s) { s.task(100).set_sid(555); }},
          {"task 101: its group is from outside the tree, its session not",
           [](Sample& s) { s.task(101).set_pgid(0); }},
          {"task 110: its group 555 is in another session",
           [](Sample& s) { s.task(101).set_pgid(555), s.add_task(110, 100, 666, 555); }},
          {"task 110: its group 101 is in another session",
           [](Sample& s) { s.task(101).set_pgid(101), s.add_task(110, 100, 666, 101); }},
          {"task 110: the leader of its session 101 is in another one",
           [](Sample& s) { s.add_task(110, 100, 101, 555); }},
          {"is a thread of task 100", [](Sample& s) { s.task(101).set_pgid(103); }},
          {"task 102: a zombie has no threads", [](Sample& s) { s.task(102).add_tids(102); }},
          {"impossible wait status 0x7f", [](Sample& s) { s.task(102).set_wait_status(0x7f); }},
          {"impossible wait status 0x137f", [](Sample& s) { s.task(102).set_wait_status(0x137f); }},
          {"impossible wait status 0x8b", [](Sample& s) { s.task(102).set_wait_status(0x8b); }},
          {"impossible wait status 0x109", [](Sample& s) { s.task(102).set_wait_status(0x109); }},
          {"impossible wait status 0x13", [](Sample& s) { s.task(102).set_wait_status(SIGSTOP); }},
          {"impossible wait status 0x41", [](Sample& s) { s.task(102).set_wait_status(65); }},
          {"impossible wait status 0x10000", [](Sample& s) { s.task(102).set_wait_status(0x10000); }},
          {"task 101: word size 16", [](Sample& s) { s.task(101).set_word_size(16); }},
          {"task 101: the first thread must have its id", [](Sample& s) { s.task(101).clear_tids(); }},
          {"task 101: the first thread must have its id", [](Sample& s) { s.task(101).set_tids(0, 103); }},
          {"task 101: thread id 103", [](Sample& s) { s.task(101).add_tids(103); }},
          {"task 100: thread id -5", [](Sample& s) { s.task(100).add_tids(-5); }},
          {"task 102: id used twice", [](Sample& s) { s.task(101).add_tids(102); }},
      });
}

TEST(Task, ARootThatHasEndedIsNoTree) {
  Sample sample;
  sample.add_zombie(100, 0, 100, 100);
  const auto result = validate_all(sample.records);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), "task 100: a root that has ended");
}

TEST(Task, NoTaskAtAll) {
  const auto result = validate_all(Records());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), "no task");
}

TEST(Task, EveryExitCodeAndKillingSignalPasses) {
  for (uint32_t code = 0; code < 256; ++code) {
    Sample sample = small_tree();
    sample.task(102).set_wait_status(code << 8);
    EXPECT_TRUE(validate_all(sample.records)) << code;
  }
  const std::set<uint32_t> harmless{SIGCHLD, SIGCONT, SIGURG,  SIGWINCH,
                                    SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};  // signal(7), by default
  for (uint32_t signal = 1; signal <= 64; ++signal) {
    Sample sample = small_tree();
    sample.task(102).set_wait_status(signal);
    EXPECT_EQ(validate_all(sample.records).has_value(), !harmless.contains(signal)) << signal;
  }
}

TEST(Registry, EveryRecordTypeHasOneOwner) {
  std::map<uint32_t, std::string_view> owners;
  std::set<std::string_view> names;
  for (const auto& kind : all_kinds()) {
    EXPECT_TRUE(names.insert(kind->name()).second) << kind->name();
    for (const Schema& schema : kind->schemas()) {
      ASSERT_NE(schema.prototype, nullptr);
      EXPECT_TRUE(owners.emplace(schema.type, kind->name()).second) << "type " << schema.type;
    }
  }
  for (uint32_t type = kTaskRecord; type <= kMembarrierRecord; ++type)
    EXPECT_TRUE(owners.contains(type)) << type;
  EXPECT_FALSE(owners.contains(kOriginRecord)) << "the engine's own";
}

}  // namespace
}  // namespace cr::kinds
