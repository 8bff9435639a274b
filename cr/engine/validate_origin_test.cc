// Where an image says that it comes from: each wrong field is named, and what a dump writes passes.
#include "cr/engine/validate_origin.h"

#include <functional>

#include "cr/engine/origin.h"
#include "cr/kinds/kinds_testing.h"

namespace cr::engine {
namespace {

using kinds::Origin;
using ::testing::HasSubstr;

// Of the small tree: a 64-bit root, 100, and a 32-bit child, 101.
Origin sound() {
  Origin origin = origin_here(100).value();
  origin.add_word_sizes(32), origin.add_word_sizes(64);
  return origin;
}

struct Wrong {
  const char* words;
  std::function<void(Origin&)> spoil;
};

const std::vector<Wrong>& wrong_names() {
  static const std::vector<Wrong> all = {
      {"an engine's name of 65 bytes", [](Origin& o) { o.set_engine(std::string(65, 'e')); }},
      {"an engine's version of 65 bytes", [](Origin& o) { o.set_engine_version(std::string(65, 'v')); }},
      {"a kernel's release of 65 bytes", [](Origin& o) { o.set_kernel_release(std::string(65, 'r')); }},
      {"a machine's name of 65 bytes", [](Origin& o) { o.set_machine(std::string(65, 'm')); }},
      {"a feature of a CPU of 65 bytes", [](Origin& o) { o.add_cpu_features(std::string(65, 'f')); }},
      {"1025 features of a CPU",
       [](Origin& o) {
         while (o.cpu_features_size() < 1025) o.add_cpu_features("sse2");
       }},
      {"a parent's path of 4096 bytes", [](Origin& o) { o.set_parent_path(std::string(4096, 'p')); }},
      {"a parent's path of 3 bytes", [](Origin& o) { o.set_parent_path(std::string("a\0b", 3)); }},
  };
  return all;
}

void expect_invalid(const Result<void>& verdict, const char* words) {
  ASSERT_FALSE(verdict) << words;
  EXPECT_EQ(verdict.error().kind(), ErrorKind::kInvalidImage);
  EXPECT_THAT(verdict.error().message(), HasSubstr(std::string("the origin record: ") + words));
}

TEST(ValidateOrigin, WhatADumpWritesPasses) {
  const kinds::Sample sample = kinds::small_tree();
  const auto verdict = validate_origin(sound(), sample.records);
  EXPECT_TRUE(verdict) << verdict.error().message();
  const auto decoded = decode_origin(sound().SerializeAsString());
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(decoded->SerializeAsString(), sound().SerializeAsString());
}

TEST(ValidateOrigin, NamesAreOfSaneLength) {
  const kinds::Sample sample = kinds::small_tree();
  for (const Wrong& wrong : wrong_names()) {
    Origin origin = sound();
    wrong.spoil(origin);
    expect_invalid(validate_origin(origin, sample.records), wrong.words);
    const auto decoded = decode_origin(origin.SerializeAsString());
    expect_invalid(decoded ? Result<void>() : Failure(Error(decoded.error())), wrong.words);
  }
}

TEST(ValidateOrigin, TheRootIsThatOfTheTasks) {
  const kinds::Sample sample = kinds::small_tree();
  for (const int32_t root : {0, 1, -100, 101, 102, 103}) {
    Origin origin = sound();
    origin.set_root(root);
    expect_invalid(validate_origin(origin, sample.records),
                   fmt::format("{} is not the root of the tree", root).c_str());
  }
}

TEST(ValidateOrigin, TheWordSizesAreThoseOfTheTasks) {
  const kinds::Sample sample = kinds::small_tree();
  for (const std::vector<uint32_t>& sizes :
       {std::vector<uint32_t>{}, {64}, {32}, {64, 32}, {32, 64, 64}, {16, 32, 64}}) {
    Origin origin = sound();
    origin.mutable_word_sizes()->Assign(sizes.begin(), sizes.end());
    expect_invalid(validate_origin(origin, sample.records), "the word sizes are not those of the tasks");
  }
}

TEST(ValidateOrigin, WhatIsNoOriginIsSaidToBeNone) {
  const auto decoded = decode_origin("\xff\xff\xff");
  ASSERT_FALSE(decoded);
  EXPECT_THAT(decoded.error().message(), HasSubstr("the origin record: is no message of its kind"));
}

}  // namespace
}  // namespace cr::engine
