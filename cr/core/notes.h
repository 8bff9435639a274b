// The notes of a core file: who the process was, and what each thread had in its registers. Pure: records in,
// bytes out.
#pragma once

#include <string>
#include <vector>

#include "cr/base/remote_addr.h"
#include "cr/base/result.h"
#include "cr/kinds/memory/memory.pb.h"
#include "cr/kinds/origin.pb.h"
#include "cr/kinds/task.pb.h"
#include "cr/kinds/thread/thread.pb.h"

namespace cr::core {

struct Subject {
  const kinds::Origin& origin;
  const kinds::Task& task;
  const kinds::AddressSpace& space;
  std::vector<const kinds::Thread*> threads;  // the leader first
  std::string arguments;                      // as they lie in memory, a NUL after each; may be cut

  WordSize word_size() const { return task.word_size() == 32 ? WordSize::k32 : WordSize::k64; }
};

// One note: header, name and content, each a multiple of four bytes.
std::string note(std::string_view owner, uint32_t type, std::string_view content);

// The contents of single notes.
std::string prstatus(const Subject& subject, const kinds::Thread& thread);
std::string prpsinfo(const Subject& subject);
// Refused (Unsupported) if the names of all mapped files take more than 64 MiB.
Result<std::string> file_note(const kinds::AddressSpace& space, WordSize word_size);

// All of them in the kernel's order (fs/binfmt_elf.c). No NT_SIGINFO: no signal ended this process.
Result<std::string> notes_of(const Subject& subject);

}  // namespace cr::core
