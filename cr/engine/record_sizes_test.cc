// What an image has no room for is told before it is begun, with who holds it.
#include "cr/engine/record_sizes.h"

#include "cr/image/limits.h"
#include "cr/kinds/kinds_testing.h"

namespace cr::engine {
namespace {

using image::kMaxRecordBytes;

std::string where_of(const kinds::Sample& sample) {
  std::string text;
  for (const Blocker& blocker : size_blockers(sample.records, 100)) {
    EXPECT_EQ(blocker.kind, "too-large");
    text += fmt::format("{} {}; ", blocker.pid, blocker.where);
  }
  return text;
}

TEST(RecordSizes, ThoseOfASmallTreeFit) { EXPECT_EQ(where_of(kinds::small_tree()), ""); }

// The limit is the writer's, to the byte.
TEST(RecordSizes, WhatTheWriterWouldRefuseIsABlocker) {
  kinds::Sample sample = kinds::small_tree();
  auto& pipe = *sample.records.find<kinds::Pipe>(kinds::kPipeRecord, 9);
  pipe.set_data(std::string(kMaxRecordBytes - 16, 'x'));
  pipe.set_data(std::string(kMaxRecordBytes - 16 + (kMaxRecordBytes - pipe.ByteSizeLong()), 'x'));
  ASSERT_EQ(pipe.ByteSizeLong(), kMaxRecordBytes);
  EXPECT_EQ(where_of(sample), "");
  pipe.mutable_data()->push_back('x');
  EXPECT_EQ(where_of(sample), "100 fd 0; ");
}

TEST(RecordSizes, EachIsToldWithWhoHoldsIt) {
  kinds::Sample sample = kinds::small_tree();
  sample.add_description(77).mutable_regular()->set_path(std::string(kMaxRecordBytes, 'x'));
  sample.space(101).set_auxv(std::string(kMaxRecordBytes, 'x'));
  sample.thread(103).set_xstate(std::string(kMaxRecordBytes, 'x'));
  auto& object = *sample.records.find<kinds::SharedMemory>(kinds::kSharedMemoryRecord, 1);
  while (object.ByteSizeLong() <= kMaxRecordBytes)
    for (int i = 0; i < 1 << 20; ++i) object.add_runs()->set_length(kPageSize);
  EXPECT_EQ(where_of(sample), "100 task; 101 task; 100 900000-903000; 100 tree; ");
}

}  // namespace
}  // namespace cr::engine
