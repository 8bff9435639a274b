// Attributes that no task can have are named.
#include <sys/personality.h>

#include "cr/kinds/kinds_testing.h"

namespace cr::kinds {
namespace {

Limit& add_limit(Sample& sample, uint32_t resource) {
  Limit& limit = *sample.attributes(100).add_limits();
  limit.set_resource(resource);
  return limit;
}
void set_limit(Sample& sample, int resource, uint64_t soft, uint64_t hard) {
  Limit& limit = *sample.attributes(100).mutable_limits(resource);
  limit.set_soft(soft), limit.set_hard(hard);
}

TEST(Attributes, EachWrongFieldIsNamed) {
  expect_each_is_named(
      small_tree,
      {
          {"task 100: no attributes record", [](Sample& s) { s.attributes(100).set_pid(101); }},
          {"attributes record without a task",
           [](Sample& s) { s.records.add<Attributes>(kAttributesRecord, 555); }},
          {"task 100: cwd or root is no absolute path", [](Sample& s) { s.attributes(100).set_cwd(""); }},
          {"cwd or root is no absolute path", [](Sample& s) { s.attributes(100).set_cwd("home"); }},
          {"cwd or root is no absolute path",
           [](Sample& s) { s.attributes(100).set_root(std::string("/\0x", 3)); }},
          {"cwd or root is no absolute path",
           [](Sample& s) { s.attributes(100).set_root(std::string(5000, '/')); }},
          {"umask 1000", [](Sample& s) { s.attributes(100).set_umask(01000); }},
          {"oom_score_adj 1001", [](Sample& s) { s.attributes(100).set_oom_score_adj(1001); }},
          {"oom_score_adj -1001", [](Sample& s) { s.attributes(100).set_oom_score_adj(-1001); }},
          {"limit of resource 16", [](Sample& s) { add_limit(s, 16); }},
          {"limit of resource 4000000000", [](Sample& s) { add_limit(s, 4000000000); }},
          {"limit of resource 3", [](Sample& s) { add_limit(s, 3); }},
          {"limit of resource 7", [](Sample& s) { set_limit(s, 7, 11, 10); }},
          {"task 100: no limit of resource 15",
           [](Sample& s) { s.attributes(100).mutable_limits()->RemoveLast(); }},
          {"task 100: no limit of resource 0", [](Sample& s) { s.attributes(100).clear_limits(); }},
          {"task 100: personality 0xffffffff",
           [](Sample& s) { s.attributes(100).set_personality(0xffffffff); }},
          {"personality 0x11", [](Sample& s) { s.attributes(100).set_personality(0x11); }},
          {"personality 0x10000000", [](Sample& s) { s.attributes(100).set_personality(0x10000000); }},
          {"personality 0x100", [](Sample& s) { s.attributes(100).set_personality(0x100); }},
          {"coredump_filter 0x200", [](Sample& s) { s.attributes(100).set_coredump_filter(0x200); }},
      });
}

TEST(Attributes, ExtremesPass) {
  Sample sample = small_tree();
  Attributes& attributes = sample.attributes(100);
  attributes.set_umask(0777), attributes.set_oom_score_adj(-1000);
  attributes.set_personality(PER_LINUX32 | 0x0ffe0000), attributes.set_coredump_filter(0x1ff);
  set_limit(sample, 7, ~uint64_t{0}, ~uint64_t{0});
  set_limit(sample, 15, 0, 0);
  EXPECT_TRUE(validate_all(sample.records));
}

}  // namespace
}  // namespace cr::kinds
