// File locks, as fdinfo and /proc/locks print them.
#include "cr/proc/fdinfo.h"
#include "cr/proc/text.h"

namespace cr::proc {
namespace {

constexpr std::pair<std::string_view, Lock::Type> kTypes[] = {
    {"POSIX", Lock::Type::kPosix},   {"ACCESS", Lock::Type::kPosix}, {"FLOCK", Lock::Type::kFlock},
    {"OFDLCK", Lock::Type::kOfd},    {"LEASE", Lock::Type::kLease},  {"DELEG", Lock::Type::kDelegation},
    {"LAYOUT", Lock::Type::kLayout},
};

constexpr std::pair<std::string_view, Lock::Mode> kModes[] = {
    {"READ", Lock::Mode::kRead},
    {"WRITE", Lock::Mode::kWrite},
    {"UNLCK", Lock::Mode::kUnlock},
    {"NONE", Lock::Mode::kNone},
};

template <typename Table, typename Value>
Value look_up(const Table& table, std::string_view name, Value otherwise) {
  for (const auto& [known, value] : table) {
    if (known == name) return value;
  }
  return otherwise;
}

// "08:01:13", or "<none>:0" of a lock whose file is gone.
bool read_inode(std::string_view text, Lock& lock) {
  if (text == "<none>:0") return true;
  Cursor cursor(text);
  return cursor.number(lock.dev_major, 16) && cursor.take(':') && cursor.number(lock.dev_minor, 16) &&
         cursor.take(':') && cursor.number(lock.inode) && cursor.at_end();
}

bool read_end(std::string_view text, Lock& lock) {
  if (text == "EOF") return true;
  lock.end = whole_number<uint64_t>(text);
  return lock.end.has_value();
}

}  // namespace

Result<Lock> parse_lock(std::string_view line) {
  Result<Lock> result;
  Lock& lock = *result;
  Cursor cursor(line);
  cursor.blanks();
  int64_t id = 0;
  if (!cursor.number(id) || !cursor.take(':')) return unexpected(line, "NUMBER: before a lock");
  std::string_view word = cursor.word();
  if (word == "->") {
    lock.waiting = true;
    word = cursor.word();
  }
  lock.type_name = word;
  lock.type = look_up(kTypes, word, Lock::Type::kUnknown);
  lock.detail = cursor.word();
  word = cursor.word();
  lock.mode = look_up(kModes, word, Lock::Mode::kUnknown);
  const auto pid = whole_number<pid_t>(cursor.word());
  if (!pid) return unexpected(line, "a pid after the lock's mode");
  lock.pid = *pid;
  if (!read_inode(cursor.word(), lock)) return unexpected(line, "MAJOR:MINOR:INODE of the locked file");
  const auto start = whole_number<uint64_t>(cursor.word());
  if (!start) return unexpected(line, "the first locked byte");
  lock.start = *start;
  if (!read_end(cursor.word(), lock)) return unexpected(line, "the last locked byte or EOF");
  return result;
}

}  // namespace cr::proc
