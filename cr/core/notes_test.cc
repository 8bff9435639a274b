// Notes for both word sizes; the 64-bit ones are compared with the structs of the system's headers.
#include "cr/core/notes.h"

#include <elf.h>
#include <sys/procfs.h>

#include <csignal>

#include "cr/core/core_testing.h"
#include "cr/kinds/kinds_testing.h"

namespace cr::core {
namespace {

using kinds::Sample;

constexpr pid_t k64 = 100, k32 = 101;  // tasks of the small tree

class Notes : public testing::Test {
 protected:
  Notes() {
    origin_.set_uid(1000), origin_.set_gid(70000);
    siginfo_t info{};
    for (const int number : {SIGUSR1, 40}) {
      info.si_signo = number;
      sample_.thread(k64).add_pending(&info, sizeof(info));
      sample_.thread(k32).add_pending(&info, sizeof(info));
    }
    sample_.thread(k64).set_signal_mask(0x8000000100000002);
    sample_.thread(k32).set_signal_mask(0x8000000100000002);
    sample_.thread(k64).mutable_registers()->set_rax(0x1122334455667788);
    sample_.thread(k32).mutable_registers()->set_rax(0xfffffffffffffe00);
  }
  Subject subject(pid_t pid) {
    Subject out{origin_, sample_.task(pid), sample_.space(pid), {}, {}};
    for (const pid_t tid : sample_.task(pid).tids()) out.threads.push_back(&sample_.thread(tid));
    out.arguments = std::string("sample\0-v\0", 10);
    return out;
  }

  Sample sample_ = kinds::small_tree();
  kinds::Origin origin_;
};

TEST_F(Notes, StatusOf64Bits) {
  const std::string bytes = prstatus(subject(k64), sample_.thread(k64));
  ASSERT_EQ(bytes.size(), sizeof(elf_prstatus));
  const auto status = at<elf_prstatus>(bytes, 0);
  EXPECT_EQ(status.pr_pid, k64);
  EXPECT_EQ(status.pr_pgrp, k64);
  EXPECT_EQ(status.pr_sid, k64);
  EXPECT_EQ(status.pr_cursig, 0) << "no signal ended it";
  EXPECT_EQ(status.pr_sigpend, uint64_t{1} << (SIGUSR1 - 1) | uint64_t{1} << 39);
  EXPECT_EQ(status.pr_sighold, 0x8000000100000002);
  EXPECT_EQ(status.pr_fpvalid, 1);
  const auto regs = at<user_regs_struct>(bytes, offsetof(elf_prstatus, pr_reg));
  EXPECT_EQ(regs.rax, 0x1122334455667788u);
  EXPECT_EQ(regs.rip, 0x401000u);
  EXPECT_EQ(at<elf_prstatus>(prstatus(subject(k64), sample_.thread(103)), 0).pr_pid, 103)
      << "the thread's id";
}

TEST_F(Notes, StatusOf32Bits) {
  const std::string bytes = prstatus(subject(k32), sample_.thread(k32));
  ASSERT_EQ(bytes.size(), 144u);
  EXPECT_EQ(at<uint32_t>(bytes, 16), 1u << (SIGUSR1 - 1)) << "signals up to 32";
  EXPECT_EQ(at<uint32_t>(bytes, 20), 2u);
  EXPECT_EQ(at<int32_t>(bytes, 24), k32);
  EXPECT_EQ(at<int32_t>(bytes, 28), 100) << "parent";
  EXPECT_EQ(at<uint32_t>(bytes, 72 + 4 * 6), 0xfffffe00) << "eax";
  EXPECT_EQ(at<uint32_t>(bytes, 72 + 4 * 12), 0x401000u) << "eip";
  EXPECT_EQ(at<uint32_t>(bytes, 140), 1u);
}

TEST_F(Notes, ProcessOf64Bits) {
  const std::string bytes = prpsinfo(subject(k64));
  ASSERT_EQ(bytes.size(), sizeof(elf_prpsinfo));
  const auto info = at<elf_prpsinfo>(bytes, 0);
  EXPECT_EQ(info.pr_pid, k64);
  EXPECT_EQ(info.pr_uid, 1000u);
  EXPECT_EQ(info.pr_gid, 70000u);
  EXPECT_STREQ(info.pr_fname, "sample");
  EXPECT_STREQ(info.pr_psargs, "sample -v ");
}

TEST_F(Notes, ProcessOf32Bits) {
  const std::string bytes = prpsinfo(subject(k32));
  ASSERT_EQ(bytes.size(), 124u);
  EXPECT_EQ(at<uint16_t>(bytes, 8), 1000);
  EXPECT_EQ(at<int32_t>(bytes, 12), k32);
  EXPECT_STREQ(bytes.data() + 28, "sample");
  EXPECT_STREQ(bytes.data() + 44, "sample -v ");
}

TEST_F(Notes, LongArgumentsAreCut) {
  Subject with_many = subject(k64);
  with_many.arguments.assign(500, 'a');
  EXPECT_EQ(at<elf_prpsinfo>(prpsinfo(with_many), 0).pr_psargs, std::string(79, 'a'));
}

TEST_F(Notes, FilesAreNamedInBothSizes) {
  sample_.space(k64).mutable_vmas(0)->set_offset(0x3000);
  const std::string wide = file_note(sample_.space(k64), WordSize::k64).value();
  const std::string names("/bin/true\0/dev/zero (deleted)\0", 30);
  const uint64_t expected[] = {2, 4096, 0x400000, 0x402000, 3, 0x900000, 0x903000, 0};
  EXPECT_EQ(wide, std::string(reinterpret_cast<const char*>(expected), sizeof(expected)) + names);
  const std::string narrow = file_note(sample_.space(k32), WordSize::k32).value();
  const uint32_t expected_32[] = {2, 4096, 0x400000, 0x402000, 0, 0x900000, 0x903000, 0};
  EXPECT_EQ(narrow, std::string(reinterpret_cast<const char*>(expected_32), sizeof(expected_32)) + names);
}

TEST_F(Notes, EndlessNamesAreRefused) {
  sample_.space(k64).mutable_files(0)->set_path("/" + std::string(4000, 'n'));
  for (uint64_t i = 0; i < 17000; ++i)
    sample_.add_vma(k64, 0x10000000 + i * 0x2000, 0x10001000 + i * 0x2000).set_backing(kinds::Vma::FILE);
  const auto note = file_note(sample_.space(k64), WordSize::k64);
  ASSERT_FALSE(note);
  EXPECT_EQ(note.error().kind(), ErrorKind::kUnsupported);
}

TEST(Note, IsPaddedToFour) {
  EXPECT_EQ(note("CORE", 6, "abcde"), std::string("\5\0\0\0\5\0\0\0\6\0\0\0CORE\0\0\0\0abcde\0\0\0", 28));
  EXPECT_EQ(note("ABC", 1, ""), std::string("\4\0\0\0\0\0\0\0\1\0\0\0ABC\0", 16));
}

// (owner, type, size) of each note.
std::string listed(const std::string& notes) {
  std::string text;
  for (size_t offset = 0; offset < notes.size();) {
    const uint32_t owner = at<uint32_t>(notes, offset), size = at<uint32_t>(notes, offset + 4);
    text += fmt::format("{} {:#x} {}; ", notes.data() + offset + 12, at<uint32_t>(notes, offset + 8), size);
    offset += 12 + (owner + 3) / 4 * 4 + (size + 3) / 4 * 4;
  }
  return text;
}

TEST_F(Notes, ComeInTheKernelsOrder) {
  EXPECT_EQ(listed(notes_of(subject(k64)).value()),
            "CORE 0x1 336; CORE 0x3 136; CORE 0x6 32; CORE 0x46494c45 94; CORE 0x2 512; LINUX 0x202 576; "
            "CORE 0x1 336; CORE 0x2 512; LINUX 0x202 576; ");
  sample_.thread(k32).add_tls_slots(std::string(16, '\14'));
  EXPECT_EQ(
      listed(notes_of(subject(k32)).value()),
      "CORE 0x1 144; CORE 0x3 124; CORE 0x6 32; CORE 0x46494c45 62; CORE 0x2 108; LINUX 0x46e62b7f 512; "
      "LINUX 0x202 576; LINUX 0x200 48; ");
}

}  // namespace
}  // namespace cr::core
