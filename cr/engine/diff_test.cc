// What differs between two images is told by name, and what differs in every dump only when asked for.
#include "cr/engine/diff.h"

#include "cr/image/writer.h"
#include "cr/kinds/kinds_testing.h"
#include "cr/sys/sys_testing.h"

namespace cr::engine {
namespace {

using kinds::Sample;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> told(const std::vector<Difference>& found) {
  std::vector<std::string> lines;
  for (const Difference& each : found)
    lines.push_back(fmt::format("{} {}: {} -> {}", each.where, each.field, each.a, each.b));
  return lines;
}

std::vector<std::string> between(const google::protobuf::Message& a, const google::protobuf::Message& b,
                                 bool all = false) {
  std::vector<Difference> found;
  FieldDiff(all).compare("x", &a, &b, found);
  return told(found);
}

TEST(FieldDiff, EqualRecordsDoNotDiffer) {
  const Sample a = kinds::small_tree(), b = kinds::small_tree();
  for (const auto& [key, record] : a.records.by_key())
    EXPECT_THAT(between(*record, *b.records.by_key().at(key), true), IsEmpty());
}

TEST(FieldDiff, ByPolicy) {
  Sample a = kinds::small_tree(), b = kinds::small_tree();
  b.thread(100).mutable_registers()->set_rip(0x401002);
  b.thread(100).set_clear_child_tid(0x7f00);
  EXPECT_THAT(between(a.thread(100), b.thread(100)), ElementsAre("x clear_child_tid: 0x0 -> 0x7f00"));
  EXPECT_THAT(between(a.thread(100), b.thread(100), true),
              ElementsAre("x registers.rip: 0x401000 -> 0x401002", "x clear_child_tid: 0x0 -> 0x7f00"));
  b.attributes(100).set_umask(077);
  EXPECT_THAT(between(a.attributes(100), b.attributes(100)), ElementsAre("x umask: 022 -> 077"));
}

TEST(FieldDiff, ListsByTheirKey) {
  Sample a = kinds::small_tree(), b = kinds::small_tree();
  b.table(100).mutable_descriptors()->SwapElements(0, 1);
  EXPECT_THAT(between(a.table(100), b.table(100)), IsEmpty());
  b.table(100).mutable_descriptors(0)->set_close_on_exec(false);
  b.add_descriptor(100, 7, 2);
  EXPECT_THAT(between(a.table(100), b.table(100)),
              ElementsAre("x descriptors[5].close_on_exec: true -> false",
                          "x descriptors[7]: absent -> {number: 7 description: 2}"));
  b.space(100).mutable_vmas(1)->set_end(0x801000);
  EXPECT_THAT(between(a.space(100), b.space(100)), ElementsAre("x vmas[0x700000].end: 0x800000 -> 0x801000"));
}

TEST(FieldDiff, ListsByTheirPlace) {
  Sample a = kinds::small_tree(), b = kinds::small_tree();
  b.task(100).clear_tids(), b.task(100).add_tids(100);
  EXPECT_THAT(between(a.task(100), b.task(100)), ElementsAre("x tids[1]: 103 -> absent"));
}

TEST(FieldDiff, OneOfSeveralKinds) {
  Sample a = kinds::small_tree(), b = kinds::small_tree();
  b.description(3).mutable_directory()->set_path("/etc");
  EXPECT_THAT(between(a.description(3), b.description(3)),
              ElementsAre("x regular: {path: \"/etc/passwd\" size: 100 mode: 0100644} -> absent",
                          "x directory: absent -> {path: \"/etc\"}"));
}

TEST(FieldDiff, WhatNobodyKnows) {
  Sample a = kinds::small_tree(), b = kinds::small_tree();
  b.task(100).GetReflection()->MutableUnknownFields(&b.task(100))->AddVarint(15000, 1);
  EXPECT_THAT(between(a.task(100), b.task(100)),
              ElementsAre("x (unknown to this engine): 0 bytes -> 4 bytes"));
}

TEST(PageDiff, PagesOfBothAndOfOne) {
  const PageHashes a{{0x1000, 1}, {0x2000, 2}, {0x4000, 4}}, b{{0x2000, 9}, {0x3000, 3}, {0x4000, 4}};
  const PageDifference all = compare_pages(a, b, {0, 0x10000, true});
  EXPECT_EQ(all.pages, 3u);
  EXPECT_EQ(all.first, 0x1000u);
  EXPECT_EQ(compare_pages(a, b, {0x2000, 0x3000, true}).pages, 1u);
  EXPECT_EQ(compare_pages(a, b, {0x4000, 0x8000, true}).pages, 0u);
  EXPECT_EQ(compare_pages(a, a, {0, 0x10000, false}).pages, 0u);
  EXPECT_EQ(compare_pages(a, {}, {0, 0x10000, false}).pages, 3u);
}

TEST(PageDiff, RangesThatBothMap) {
  Sample a, b;
  a.add_task(5, 0, 5, 5), b.add_task(5, 0, 5, 5);
  a.add_vma(5, 0x900000, 0x904000);
  b.add_vma(5, 0x8ff000, 0x901000), b.add_vma(5, 0x902000, 0x903000), b.add_vma(5, 0x905000, 0x906000);
  std::vector<std::string> ranges;
  for (const PageRange& range : common_ranges(a.space(5), b.space(5)))
    ranges.push_back(fmt::format("{:x}-{:x} {}", range.start, range.end, range.zero_filled));
  EXPECT_THAT(ranges, ElementsAre("400000-402000 false", "700000-800000 true", "900000-901000 true",
                                  "902000-903000 true"));
}

class Diff : public testing::Test {
 protected:
  // An image of the records whose pages hold `letters`, one each, in the order of the objects.
  Loaded image(const Sample& sample, const std::string& letters) {
    std::vector<std::string> pages;
    for (const char letter : letters) pages.emplace_back(4096, letter);
    return image_of(sample, pages);
  }

  Loaded image_of(const Sample& sample, const std::vector<std::string>& pages) {
    const std::string path = dir_ / std::to_string(++count_);
    image::Writer writer = image::Writer::create(path).value();
    kinds::Origin origin;
    origin.set_root(100);
    origin.add_word_sizes(32), origin.add_word_sizes(64);
    EXPECT_TRUE(writer.add_record(kinds::kOriginRecord, 0, origin.SerializeAsString()));
    kinds::write_sample(writer, sample.records, [&](size_t page) { return pages.at(page); });
    EXPECT_TRUE(writer.commit());
    return load(path).value();
  }

  sys::TempDir dir_;
  int count_ = 0;
};

TEST_F(Diff, EqualImages) {
  const Loaded a = image(kinds::small_tree(), "abcd"), b = image(kinds::small_tree(), "abcd");
  EXPECT_TRUE(diff(a, b, true).value().same());
}

TEST_F(Diff, Pages) {
  const Loaded a = image(kinds::small_tree(), "abcd"), b = image(kinds::small_tree(), "aXcd");
  const Comparison found = diff(a, b, false).value();
  EXPECT_THAT(found.fields, IsEmpty());
  ASSERT_EQ(found.pages.size(), 1u);
  EXPECT_EQ(found.pages[0].where, "pid 100 0x700000-0x800000");
  EXPECT_EQ(found.pages[0].pages, 1u);
  EXPECT_EQ(found.pages[0].first, 0x7ff000u);
}

TEST_F(Diff, APageOfZeroesIsNoDifference) {
  Sample with = kinds::small_tree();
  with.add_run(101, 0x710000, 0x2000);
  std::swap(*with.space(101).mutable_runs(0), *with.space(101).mutable_runs(1));
  const Loaded a = image(kinds::small_tree(), "abcd"), b = image(with, std::string("ab\0ycd", 6));
  const Comparison found = diff(a, b, false).value();
  ASSERT_EQ(found.pages.size(), 1u);
  EXPECT_EQ(found.pages[0].where, "pid 101 0x700000-0x800000");
  EXPECT_EQ(found.pages[0].pages, 1u);
  EXPECT_EQ(found.pages[0].first, 0x711000u);
}

TEST_F(Diff, WhereTheKernelWritesTheRestOfASleep) {
  Sample sample = kinds::small_tree();
  sample.add_wait(103, kinds::Wait::NANOSLEEP).set_address(0x7feff8);  // its last half is in the next page
  const auto with = [&](size_t at, char byte) {
    std::string page(4096, 'b');
    page[at] = byte;
    return image_of(sample, {std::string(4096, 'a'), page, std::string(4096, 'c'), std::string(4096, 'd')});
  };
  EXPECT_TRUE(diff(with(7, 'b'), with(7, 'X'), false).value().same());
  EXPECT_FALSE(diff(with(7, 'b'), with(7, 'X'), true).value().same());
  EXPECT_FALSE(diff(with(8, 'b'), with(8, 'X'), false).value().same());
}

TEST_F(Diff, WhereTheKernelWritesTheCpu) {
  Sample sample = kinds::small_tree();
  const auto same = [&](bool all) {
    return diff(image(sample, "abcd"), image(sample, "aXcd"), all).value().same();
  };
  sample.thread(103).set_rseq_address(0x7ff000), sample.thread(103).set_rseq_size(4096);
  EXPECT_TRUE(same(false));
  EXPECT_FALSE(same(true));
  sample.thread(103).set_rseq_size(4064);
  EXPECT_FALSE(same(false)) << "the rest of the page is the program's";
  sample.thread(103).set_rseq_address(0x7fe000), sample.thread(103).set_rseq_size(4096);
  EXPECT_FALSE(same(false)) << "another page";
}

TEST_F(Diff, RecordsByTypeAndId) {
  Sample more = kinds::small_tree();
  more.add_regular(4, "/etc/group");
  more.thread(103).set_name("other");
  more.add_descriptor(101, 3, 4);
  const Loaded a = image(kinds::small_tree(), "abcd"), b = image(more, "abcd");
  EXPECT_THAT(told(diff(a, b, false).value().fields),
              ElementsAre("pid 100 thread 103 name: \"sample\" -> \"other\"",
                          "file description 4 : absent -> present",
                          "pid 101 descriptor table descriptors[3]: absent -> {number: 3 description: 4}"));
}

}  // namespace
}  // namespace cr::engine
