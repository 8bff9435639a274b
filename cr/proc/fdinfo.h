// /proc/PID/fdinfo/FD: position and flags of an open file, then lines that depend on what it is.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cr/base/result.h"

namespace cr::proc {

// "lock:\t1: POSIX  ADVISORY  WRITE 812 08:01:13 0 EOF"
struct Lock {
  enum class Type : uint8_t { kPosix, kFlock, kOfd, kLease, kDelegation, kLayout, kUnknown };
  enum class Mode : uint8_t { kRead, kWrite, kUnlock, kNone, kUnknown };

  Type type = Type::kUnknown;
  std::string type_name;  // as printed, for words
  Mode mode = Mode::kUnknown;
  // ADVISORY, MANDATORY, MSNFS; of a lease ACTIVE, BREAKING, BREAKER
  std::string detail;
  bool waiting = false;    // "->": blocked behind the lock above it
  pid_t pid = 0;           // -1 of an OFD lock, 0 when the owner is not in the reader's pid namespace
  uint32_t dev_major = 0;  // decimal for us; the text is hexadecimal
  uint32_t dev_minor = 0;
  uint64_t inode = 0;
  uint64_t start = 0;
  std::optional<uint64_t> end;  // inclusive; absent: to the end of the file, wherever that moves
};

struct Fdinfo {
  struct Entry {
    // The text before the first colon; of "inotify wd:1 ..." and "fanotify ..." that first word; else empty.
    std::string key;
    std::string value;  // what follows, without the blanks around it
    std::string line;   // all of it, for split_pairs()
  };

  int64_t pos = 0;  // negative only where the kernel allows it, as for /proc/PID/mem
  uint32_t flags = 0;
  uint32_t mnt_id = 0;
  std::optional<uint64_t> ino;  // since Linux 5.14
  std::vector<Lock> locks;
  std::vector<Entry> extra;  // all further lines in order, locks not among them

  // The value of the first line with that key, "eventfd-count" for one. It lives as long as this Fdinfo.
  std::optional<std::string_view> find(std::string_view key) const;
  // The same as a number; without such a line, or such a number, an error that names the key.
  Result<uint64_t> number(std::string_view key, int base = 10) const;
};

Result<Fdinfo> parse_fdinfo(std::string_view text);

// The part after "lock:", or a line of /proc/locks.
Result<Lock> parse_lock(std::string_view line);

// A view into the line it was split from.
struct Pair {
  std::string_view name;
  std::string_view value;
};

// The pairs of a line as epoll, inotify and fanotify print them: "tfd:  5 events:  19" or "inotify wd:1
// ino:2a".
std::vector<Pair> split_pairs(std::string_view line);

}  // namespace cr::proc
