// Registers in the layouts of core files, compared with the system's own structs where it has them.
#include "cr/core/registers.h"

#include <asm/ldt.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/user.h>

#include <cstring>

#include "cr/kinds/thread/registers.h"

namespace cr::core {
namespace {

template <typename T>
T at(const std::string& bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

kinds::Registers numbered() {
  user_regs_struct regs{};
  uint64_t values[sizeof(regs) / 8];
  for (size_t i = 0; i < std::size(values); ++i) values[i] = 0xabcd0000000000 + i;
  std::memcpy(&regs, values, sizeof(regs));
  kinds::Registers out;
  kinds::store_registers(regs, out);
  return out;
}

TEST(GeneralRegisters, Of64BitsAreThoseOfPtrace) {
  const std::string bytes = general_registers(numbered(), WordSize::k64);
  const user_regs_struct expected = kinds::load_registers(numbered());
  ASSERT_EQ(bytes.size(), sizeof(expected));
  EXPECT_EQ(std::memcmp(bytes.data(), &expected, sizeof(expected)), 0);
}

TEST(GeneralRegisters, Of32BitsAreLowerHalvesInTheirOwnOrder) {
  const kinds::Registers r = numbered();
  const std::string bytes = general_registers(r, WordSize::k32);
  // struct user_regs_struct of i386.
  const uint64_t expected[] = {r.rbx(), r.rcx(), r.rdx(),    r.rsi(), r.rdi(), r.rbp(),
                               r.rax(), r.ds(),  r.es(),     r.fs(),  r.gs(),  r.orig_rax(),
                               r.rip(), r.cs(),  r.eflags(), r.rsp(), r.ss()};
  ASSERT_EQ(bytes.size(), 4 * std::size(expected));
  for (size_t i = 0; i < std::size(expected); ++i)
    EXPECT_EQ(at<uint32_t>(bytes, 4 * i), static_cast<uint32_t>(expected[i])) << i;
}

// An XSAVE image whose legacy part is full of a letter.
std::string xsave(uint64_t present) {
  std::string image(1000, 'x');
  std::memcpy(image.data() + 512, &present, sizeof(present));
  return image;
}

TEST(Fxsave, IsTheFrontOfTheXsaveImage) { EXPECT_EQ(fxsave_area(xsave(7)), std::string(512, 'x')); }

TEST(Fxsave, ComponentsThatAreNotThereAreInitial) {
  const std::string none = fxsave_area(xsave(0));
  ASSERT_EQ(none.size(), 512u);
  EXPECT_EQ(at<uint16_t>(none, 0), 0x37f);
  EXPECT_EQ(none.substr(2, 22), std::string(22, '\0'));
  EXPECT_EQ(at<uint32_t>(none, 24), 0x1f80u);
  EXPECT_EQ(none.substr(32, 384), std::string(384, '\0'));
  EXPECT_EQ(none.substr(416), std::string(96, 'x')) << "the kernel's own words stay";
  const std::string x87 = fxsave_area(xsave(1)), sse = fxsave_area(xsave(2)), avx = fxsave_area(xsave(4));
  EXPECT_EQ(x87.substr(0, 24), std::string(24, 'x'));
  EXPECT_EQ(at<uint32_t>(x87, 24), 0x1f80u);
  EXPECT_EQ(x87.substr(160, 256), std::string(256, '\0'));
  EXPECT_EQ(at<uint16_t>(sse, 0), 0x37f);
  EXPECT_EQ(sse.substr(160, 256), std::string(256, 'x'));
  EXPECT_EQ(at<uint32_t>(avx, 24), 0x78787878u) << "MXCSR belongs to SSE and to AVX";
}

TEST(Fsave, HasWiderTagsAndNoPadding) {
  // Four numbers on the stack: 1.0, 0.0, infinity, a denormal; top is 6, so they are in 6, 7, 0 and 1.
  std::string fxsave(512, '\0');
  const auto put = [&](size_t offset, auto value) {
    std::memcpy(fxsave.data() + offset, &value, sizeof(value));
  };
  put(0, uint16_t{0x37f}), put(2, uint16_t{6 << 11}), put(4, uint8_t{0b11000011}), put(6, uint16_t{0x5d8});
  put(8, uint64_t{0x12345678}), put(16, uint64_t{0x9abcdef0});
  put(32, uint64_t{1} << 63), put(40, uint16_t{0x3fff});
  put(64, uint64_t{1} << 63), put(72, uint16_t{0x7fff});
  put(80, uint64_t{1});
  kinds::Registers registers;
  registers.set_cs(0x23), registers.set_ds(0x2b);
  const std::string fsave = fsave_area(fxsave, registers);
  ASSERT_EQ(fsave.size(), 108u);
  EXPECT_EQ(at<uint32_t>(fsave, 0), 0xffff037f);
  EXPECT_EQ(at<uint32_t>(fsave, 4), 0xffff0000 | 6 << 11);
  // Physical 7 to 0: zero, a number, four empty ones, special, special. (1 0 3 3 3 3 2 2)
  EXPECT_EQ(at<uint32_t>(fsave, 8), 0xffff0000 | 0b01'00'11'11'11'11'10'10);
  EXPECT_EQ(at<uint32_t>(fsave, 12), 0x12345678u);
  EXPECT_EQ(at<uint32_t>(fsave, 16), 0x5d80023u);
  EXPECT_EQ(at<uint32_t>(fsave, 20), 0x9abcdef0u);
  EXPECT_EQ(at<uint32_t>(fsave, 24), 0xffff002b);
  for (size_t i = 0; i < 8; ++i)
    EXPECT_EQ(fsave.substr(28 + 10 * i, 10), fxsave.substr(32 + 16 * i, 10)) << i;
}

TEST(Tls, SlotsComeToTheirPlace) {
  user_desc used{};
  used.entry_number = 13, used.base_addr = 0xf7000000, used.limit = 0xfffff, used.seg_32bit = 1;
  google::protobuf::RepeatedPtrField<std::string> slots;
  slots.Add()->assign(reinterpret_cast<const char*>(&used), sizeof(used));
  const std::string entries = tls_entries(slots);
  ASSERT_EQ(entries.size(), 3 * sizeof(user_desc));
  for (unsigned i = 0; i < 3; ++i) {
    const auto entry = at<user_desc>(entries, i * sizeof(user_desc));
    EXPECT_EQ(entry.entry_number, 12 + i);
    EXPECT_EQ(entry.base_addr, i == 1 ? 0xf7000000 : 0);
    EXPECT_EQ(entry.seg_not_present, i == 1 ? 0u : 1u);
  }
}

}  // namespace
}  // namespace cr::core
