// What goes into the socket comes out of it, and what is cut short is never half believed.
#include "cr/trace/wire.h"

#include <gtest/gtest.h>

namespace cr::trace {
namespace {

TEST(Wire, CarriesValuesVectorsAndText) {
  WireWriter out;
  out.put(uint32_t{7});
  out.put_all(std::vector<uint64_t>{1, 2, 3});
  out.put_all(std::vector<char>{});
  out.put_text(std::string("with \0 inside", 13));
  WireReader in(out.bytes());
  EXPECT_EQ(in.get<uint32_t>(), 7u);
  EXPECT_EQ(in.get_all<uint64_t>(), (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_TRUE(in.get_all<char>().empty());
  EXPECT_EQ(in.get_text(), std::string("with \0 inside", 13));
}

TEST(WireDeathTest, ACutMessageIsABrokenInvariant) {
  WireWriter out;
  out.put_all(std::vector<uint64_t>{1, 2, 3});
  std::vector<std::byte> cut = out.bytes();
  cut.pop_back();
  EXPECT_DEATH(WireReader(cut).get_all<uint64_t>(), "broken invariant");
  EXPECT_DEATH(WireReader({}).get<char>(), "broken invariant");
}

}  // namespace
}  // namespace cr::trace
