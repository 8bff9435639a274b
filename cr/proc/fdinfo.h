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
    std::string key;    // text before the first colon
    std::string value;  // the rest, without the blanks around it; whole line when there is no colon
  };

  uint64_t pos = 0;  // the bit pattern of a loff_t: /proc/PID/mem may be beyond 2^63
  uint32_t flags = 0;
  uint32_t mnt_id = 0;
  std::optional<uint64_t> ino;  // since Linux 5.14
  std::vector<Lock> locks;
  std::vector<Entry> extra;  // all further lines in order, locks not among them

  // The value of the first line with that key; "eventfd-count".
  std::optional<std::string_view> find(std::string_view key) const;
  // find(), or an error that names the key; as a number of that base.
  Result<uint64_t> number(std::string_view key, int base = 10) const;
};

Result<Fdinfo> parse_fdinfo(std::string_view text);

// The part after "lock:", or a line of /proc/locks.
Result<Lock> parse_lock(std::string_view line);

// The name:value pairs within one value, as inotify, fanotify and epoll print them ("wd:1 ino:2a sdev:fd
// mask:fff"). Blanks after a colon belong to the separator: "events:       1b  data:  7" are two pairs.
std::vector<Fdinfo::Entry> split_pairs(std::string_view line);

}  // namespace cr::proc
