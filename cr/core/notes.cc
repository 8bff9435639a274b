#include "cr/core/notes.h"

#include <elf.h>
#include <signal.h>

#include <algorithm>

#include "cr/base/numbers.h"
#include "cr/core/byte_string.h"
#include "cr/core/refuse.h"
#include "cr/core/registers.h"

namespace cr::core {
namespace {

constexpr uint32_t kPrXfpReg = 0x46e62b7f;  // NT_PRXFPREG
constexpr size_t kNameBytes = 16, kArgumentBytes = 80;
constexpr size_t kMostFileNote = 64 << 20;
// What the kernel calls the file behind shared anonymous memory (mm/shmem.c).
constexpr char kSharedName[] = "/dev/zero (deleted)";

// The first word of the set: signals 1 to 64, or to 32.
uint64_t pending_set(const kinds::Thread& thread) {
  uint64_t set = 0;
  for (const std::string& bytes : thread.pending()) {
    int number = 0;
    std::memcpy(&number, bytes.data(), std::min(bytes.size(), sizeof(number)));
    if (number >= 1 && number <= 64) set |= uint64_t{1} << (number - 1);
  }
  return set;
}

const std::string* name_of(const kinds::Vma& vma, const kinds::AddressSpace& space) {
  static const std::string kShared = kSharedName;
  if (vma.backing() == kinds::Vma::FILE) return &space.files(static_cast<int>(vma.file())).path();
  return vma.backing() == kinds::Vma::SHARED_ANONYMOUS ? &kShared : nullptr;
}

std::string registers_beyond_general(const kinds::Thread& thread, WordSize word_size) {
  const std::string fxsave = fxsave_area(thread.xstate());
  std::string out;
  if (word_size == WordSize::k64) {
    out += note("CORE", NT_PRFPREG, fxsave);
  } else {
    out += note("CORE", NT_PRFPREG, fsave_area(fxsave, thread.registers()));
    out += note("LINUX", kPrXfpReg, fxsave);
  }
  out += note("LINUX", NT_X86_XSTATE, thread.xstate());
  if (thread.tls_slots_size() != 0) out += note("LINUX", NT_386_TLS, tls_entries(thread.tls_slots()));
  return out;
}

}  // namespace

std::string note(std::string_view owner, uint32_t type, std::string_view content) {
  ByteString out(WordSize::k64);
  out.u32(owner.size() + 1).u32(content.size()).u32(type);
  return out.bytes(owner).zeros(1).align(4).bytes(content).align(4).str();
}

// struct elf_prstatus. No signal is current, and the time spent is not in the image.
std::string prstatus(const Subject& subject, const kinds::Thread& thread) {
  ByteString out(subject.word_size());
  out.zeros(12).u16(0).zeros(2);  // pr_info, pr_cursig
  out.word(pending_set(thread)).word(thread.signal_mask());
  out.u32(static_cast<uint32_t>(thread.tid())).u32(static_cast<uint32_t>(subject.task.parent()));
  out.u32(static_cast<uint32_t>(subject.task.pgid())).u32(static_cast<uint32_t>(subject.task.sid()));
  out.zeros(4 * 2 * out.word_bytes());  // four timevals
  out.bytes(general_registers(thread.registers(), subject.word_size()));
  return out.u32(1).align(out.word_bytes()).str();  // pr_fpvalid
}

// struct elf_prpsinfo; a 32-bit one has short ids of user and group.
std::string prpsinfo(const Subject& subject) {
  std::string arguments = subject.arguments.substr(0, kArgumentBytes - 1);
  std::replace(arguments.begin(), arguments.end(), '\0', ' ');
  ByteString out(subject.word_size());
  out.u8(0).u8('R').u8(0).u8(0).align(out.word_bytes());  // state, its letter, zombie, nice
  out.word(0);                                            // flags
  const auto id = [&](uint32_t value) {
    subject.word_size() == WordSize::k64 ? out.u32(value) : out.u16(value);
  };
  id(subject.origin.uid()), id(subject.origin.gid());
  for (const int32_t number :
       {subject.task.pid(), subject.task.parent(), subject.task.pgid(), subject.task.sid()})
    out.u32(static_cast<uint32_t>(number));
  out.field(subject.threads.front()->name(), kNameBytes);
  return out.field(arguments, kArgumentBytes).str();
}

Result<std::string> file_note(const kinds::AddressSpace& space, WordSize word_size) {
  ByteString ranges(word_size);
  std::string names;
  uint64_t count = 0;
  for (const kinds::Vma& vma : space.vmas()) {
    const std::string* name = name_of(vma, space);
    if (name == nullptr) continue;
    ++count;
    ranges.words({vma.start(), vma.end(), vma.offset() / kPageSize});
    names.append(*name).push_back('\0');
    if (names.size() > kMostFileNote)
      return refuse(space.pid(), "the names of its mapped files take more than 64 MiB");
  }
  ByteString out(word_size);
  return out.words({count, kPageSize}).bytes(ranges.str()).bytes(names).str();
}

Result<std::string> notes_of(const Subject& subject) {
  const WordSize word_size = subject.word_size();
  std::string out;
  for (const kinds::Thread* thread : subject.threads) {
    out += note("CORE", NT_PRSTATUS, prstatus(subject, *thread));
    if (thread == subject.threads.front()) {
      out += note("CORE", NT_PRPSINFO, prpsinfo(subject));
      out += note("CORE", NT_AUXV, subject.space.auxv());
      out += note("CORE", NT_FILE, CR_TRY(file_note(subject.space, word_size)));
    }
    out += registers_beyond_general(*thread, word_size);
  }
  return out;
}

}  // namespace cr::core
