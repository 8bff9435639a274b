// A line of /proc/locks: what is understood survives being written down and read again.
#include <fmt/format.h>

#include "cr/proc/fdinfo.h"
#include "fuzz/fuzz.h"

namespace {

const char* word_of(cr::proc::Lock::Mode mode) {
  switch (mode) {
    case cr::proc::Lock::Mode::kRead:
      return "READ";
    case cr::proc::Lock::Mode::kWrite:
      return "WRITE";
    case cr::proc::Lock::Mode::kUnlock:
      return "UNLCK";
    case cr::proc::Lock::Mode::kNone:
      return "NONE";
    case cr::proc::Lock::Mode::kUnknown:
      break;
  }
  return "OTHER";
}

std::string line_of(const cr::proc::Lock& lock) {
  return fmt::format("1: {}{}  {}  {} {} {:02x}:{:02x}:{} {} {}", lock.waiting ? "-> " : "", lock.type_name,
                     lock.detail, word_of(lock.mode), lock.pid, lock.dev_major, lock.dev_minor, lock.inode,
                     lock.start, lock.end ? std::to_string(*lock.end) : "EOF");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  const auto lock = cr::proc::parse_lock(fuzz::as_text(data, size));
  if (!lock) return 0;
  const auto again = cr::proc::parse_lock(line_of(*lock));
  FUZZ_REQUIRE(again.has_value());
  FUZZ_REQUIRE(again->type == lock->type && again->mode == lock->mode && again->waiting == lock->waiting);
  FUZZ_REQUIRE(again->pid == lock->pid && again->inode == lock->inode);
  FUZZ_REQUIRE(again->start == lock->start && again->end == lock->end);
  return 0;
}
