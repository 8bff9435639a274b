#include "cr/sys/cpu.h"

#include <cpuid.h>
#include <elf.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "cr/sys/fd.h"

namespace cr::sys {
namespace {

enum Register { kEax, kEbx, kEcx, kEdx };

// Components that an instruction's registers live in.
constexpr uint64_t kNone = 0;
constexpr uint64_t kYmm = 0x6;   // SSE and the upper halves of 256-bit registers
constexpr uint64_t kZmm = 0xe6;  // and masks, the upper halves of 512-bit registers, registers 16 to 31
constexpr uint64_t kTiles = 0x60000;

struct Feature {
  const char* name;
  uint32_t leaf, subleaf;
  Register where;
  unsigned bit;
  uint64_t components;
};

// Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E. Names: arch/x86/include/asm/cpufeatures.h.
constexpr Feature kFeatures[] = {
    {"pni", 1, 0, kEcx, 0, kNone},
    {"pclmulqdq", 1, 0, kEcx, 1, kNone},
    {"ssse3", 1, 0, kEcx, 9, kNone},
    {"fma", 1, 0, kEcx, 12, kYmm},
    {"cx16", 1, 0, kEcx, 13, kNone},
    {"sse4_1", 1, 0, kEcx, 19, kNone},
    {"sse4_2", 1, 0, kEcx, 20, kNone},
    {"movbe", 1, 0, kEcx, 22, kNone},
    {"popcnt", 1, 0, kEcx, 23, kNone},
    {"aes", 1, 0, kEcx, 25, kNone},
    {"xsave", 1, 0, kEcx, 27, kNone},  // OSXSAVE: also switched on
    {"avx", 1, 0, kEcx, 28, kYmm},
    {"f16c", 1, 0, kEcx, 29, kYmm},
    {"rdrand", 1, 0, kEcx, 30, kNone},
    {"fsgsbase", 7, 0, kEbx, 0, kNone},
    {"bmi1", 7, 0, kEbx, 3, kNone},
    {"hle", 7, 0, kEbx, 4, kNone},
    {"avx2", 7, 0, kEbx, 5, kYmm},
    {"bmi2", 7, 0, kEbx, 8, kNone},
    {"erms", 7, 0, kEbx, 9, kNone},
    {"rtm", 7, 0, kEbx, 11, kNone},
    {"avx512f", 7, 0, kEbx, 16, kZmm},
    {"avx512dq", 7, 0, kEbx, 17, kZmm},
    {"rdseed", 7, 0, kEbx, 18, kNone},
    {"adx", 7, 0, kEbx, 19, kNone},
    {"avx512ifma", 7, 0, kEbx, 21, kZmm},
    {"clflushopt", 7, 0, kEbx, 23, kNone},
    {"clwb", 7, 0, kEbx, 24, kNone},
    {"avx512cd", 7, 0, kEbx, 28, kZmm},
    {"sha_ni", 7, 0, kEbx, 29, kNone},
    {"avx512bw", 7, 0, kEbx, 30, kZmm},
    {"avx512vl", 7, 0, kEbx, 31, kZmm},
    {"avx512vbmi", 7, 0, kEcx, 1, kZmm},
    {"ospke", 7, 0, kEcx, 4, kNone},
    {"waitpkg", 7, 0, kEcx, 5, kNone},
    {"avx512_vbmi2", 7, 0, kEcx, 6, kZmm},
    {"gfni", 7, 0, kEcx, 8, kNone},
    {"vaes", 7, 0, kEcx, 9, kYmm},
    {"vpclmulqdq", 7, 0, kEcx, 10, kYmm},
    {"avx512_vnni", 7, 0, kEcx, 11, kZmm},
    {"avx512_bitalg", 7, 0, kEcx, 12, kZmm},
    {"avx512_vpopcntdq", 7, 0, kEcx, 14, kZmm},
    {"rdpid", 7, 0, kEcx, 22, kNone},
    {"movdiri", 7, 0, kEcx, 27, kNone},
    {"movdir64b", 7, 0, kEcx, 28, kNone},
    {"fsrm", 7, 0, kEdx, 4, kNone},
    {"avx512_vp2intersect", 7, 0, kEdx, 8, kZmm},
    {"serialize", 7, 0, kEdx, 14, kNone},
    {"amx_bf16", 7, 0, kEdx, 22, kTiles},
    {"avx512_fp16", 7, 0, kEdx, 23, kZmm},
    {"amx_tile", 7, 0, kEdx, 24, kTiles},
    {"amx_int8", 7, 0, kEdx, 25, kTiles},
    {"avx_vnni", 7, 1, kEax, 4, kYmm},
    {"avx512_bf16", 7, 1, kEax, 5, kZmm},
    {"xsaveopt", 0xd, 1, kEax, 0, kNone},
    {"xsavec", 0xd, 1, kEax, 1, kNone},
    {"xgetbv1", 0xd, 1, kEax, 2, kNone},
    {"lahf_lm", 0x80000001, 0, kEcx, 0, kNone},
    {"abm", 0x80000001, 0, kEcx, 5, kNone},
    {"sse4a", 0x80000001, 0, kEcx, 6, kNone},
    {"3dnowprefetch", 0x80000001, 0, kEcx, 8, kNone},
    {"xop", 0x80000001, 0, kEcx, 11, kYmm},
    {"fma4", 0x80000001, 0, kEcx, 16, kYmm},
    {"tbm", 0x80000001, 0, kEcx, 21, kNone},
    {"rdtscp", 0x80000001, 0, kEdx, 27, kNone},
    {"clzero", 0x80000008, 0, kEbx, 0, kNone},
};

bool has(const Feature& feature, uint64_t components) {
  std::array<uint32_t, 4> words{};
  if (__get_cpuid_count(feature.leaf, feature.subleaf, &words[kEax], &words[kEbx], &words[kEcx],
                        &words[kEdx]) == 0)
    return false;
  return (words[feature.where] >> feature.bit & 1) != 0 && (feature.components & ~components) == 0;
}

// exit(0) by int 0x80, as an ELF file.
std::array<std::byte, 128> tiny_program() {
  constexpr uint32_t kBase = 0x10000, kCodeAt = sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr);
  constexpr uint8_t kCode[] = {0x31, 0xc0, 0x40, 0x31,
                               0xdb, 0xcd, 0x80};  // xor eax,eax; inc eax; xor ebx,ebx; int
  std::array<std::byte, 128> file{};
  const Elf32_Ehdr header{
      .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
      .e_type = ET_EXEC,
      .e_machine = EM_386,
      .e_version = EV_CURRENT,
      .e_entry = kBase + kCodeAt,
      .e_phoff = sizeof(Elf32_Ehdr),
      .e_shoff = 0,
      .e_flags = 0,
      .e_ehsize = sizeof(Elf32_Ehdr),
      .e_phentsize = sizeof(Elf32_Phdr),
      .e_phnum = 1,
      .e_shentsize = 0,
      .e_shnum = 0,
      .e_shstrndx = 0};
  const Elf32_Phdr segment{.p_type = PT_LOAD,
                           .p_offset = 0,
                           .p_vaddr = kBase,
                           .p_paddr = kBase,
                           .p_filesz = sizeof(file),
                           .p_memsz = sizeof(file),
                           .p_flags = PF_R | PF_X,
                           .p_align = 0x1000};
  std::memcpy(file.data(), &header, sizeof(header));
  std::memcpy(file.data() + sizeof(header), &segment, sizeof(segment));
  std::memcpy(file.data() + kCodeAt, kCode, sizeof(kCode));
  return file;
}

}  // namespace

uint64_t xsave_components() {
  constexpr uint64_t kFpuAndSse = 3;
  uint32_t a, b, c = 0, d;
  // Only where the kernel has switched XSAVE on is there a register to read.
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return kFpuAndSse;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

uint64_t xsave_end(uint64_t components) {
  constexpr uint32_t kXsaveLeaf = 0xd;
  uint64_t end = 512 + 64;  // FXSAVE area and XSAVE header: where components 0 and 1 are
  for (unsigned bit = 2; bit < 63; ++bit) {
    uint32_t size = 0, offset = 0, c, d;
    if ((components >> bit & 1) == 0 || !__get_cpuid_count(kXsaveLeaf, bit, &size, &offset, &c, &d)) continue;
    end = std::max(end, uint64_t{offset} + size);
  }
  return end;
}

size_t xsave_size() {
  constexpr size_t kLegacyAndHeader = 512 + 64;
  uint32_t a, b = 0, c = 0, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return kLegacyAndHeader;
  return __get_cpuid_count(0xd, 0, &a, &b, &c, &d) ? b : kLegacyAndHeader;
}

uint64_t components_in_use(std::span<const std::byte> xsave_image) {
  constexpr size_t kXstateBv = 512;
  uint64_t components = 0;
  CR_CHECK(xsave_image.size() >= kXstateBv + sizeof(components));
  std::memcpy(&components, xsave_image.data() + kXstateBv, sizeof(components));
  return components;
}

std::vector<std::string> cpu_features() {
  const uint64_t components = xsave_components();
  std::vector<std::string> names;
  for (const Feature& feature : kFeatures)
    if (has(feature, components)) names.emplace_back(feature.name);
  std::ranges::sort(names);
  return names;
}

Result<bool> runs_32bit_programs() {
  const UniqueFd program(::memfd_create("exit", MFD_CLOEXEC));
  if (!program.valid()) return fail_errno("memfd_create");
  CR_TRY(write_fully(program.get(), tiny_program()));
  const std::string path = fmt::format("/proc/self/fd/{}", program.get());
  char* const nothing[] = {nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, path.c_str(), nullptr, nullptr, nothing, nothing);
  if (error == ENOEXEC) return false;
  if (error != 0) return fail(ErrorKind::kSystem, "running a 32-bit program: {}", std::strerror(error));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status == 0;
}

Result<bool> takes_32bit_calls() {
  static std::optional<bool> known;
  if (known) return *known;
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("fork");
  if (pid == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    long result = 20;  // getpid
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    ::_exit(result == ::getpid() ? 0 : result == -ENOSYS ? 1 : 2);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return fail_errno("wait for a child");
  const bool taken = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  const bool none =
      WIFSIGNALED(status) ? WTERMSIG(status) == SIGSEGV : WIFEXITED(status) && WEXITSTATUS(status) == 1;
  if (!taken && !none)
    return fail(
        ErrorKind::kSystem,
        "whether the kernel takes 32-bit system calls cannot be told: a child that made one ended with "
        "status {:#x}; run this command outside of what confines it (a seccomp filter, "
        "SystemCallArchitectures=)",
        status);
  known = taken;
  return taken;
}

}  // namespace cr::sys
