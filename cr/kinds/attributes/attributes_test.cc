// Attributes that no task can have are named.
#include "cr/kinds/kinds_testing.h"

namespace cr::kinds {
namespace {

Limit& add_limit(Sample& sample, uint32_t resource, uint64_t soft, uint64_t hard) {
  Limit& limit = *sample.attributes(100).add_limits();
  limit.set_resource(resource), limit.set_soft(soft), limit.set_hard(hard);
  return limit;
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
          {"limit of resource 16", [](Sample& s) { add_limit(s, 16, 0, 0); }},
          {"limit of resource 4000000000", [](Sample& s) { add_limit(s, 4000000000, 0, 0); }},
          {"limit of resource 3", [](Sample& s) { add_limit(s, 3, 0, 0); }},
          {"limit of resource 7", [](Sample& s) { add_limit(s, 7, 11, 10); }},
      });
}

TEST(Attributes, ExtremesPass) {
  Sample sample = small_tree();
  Attributes& attributes = sample.attributes(100);
  attributes.set_umask(0777), attributes.set_oom_score_adj(-1000);
  add_limit(sample, 7, ~uint64_t{0}, ~uint64_t{0});
  add_limit(sample, 15, 0, 0);
  EXPECT_TRUE(validate_all(sample.records));
}

}  // namespace
}  // namespace cr::kinds
