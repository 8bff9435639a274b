#include "cr/proc/fdinfo.h"

#include "cr/proc/text.h"

namespace cr::proc {
namespace {

// Marks have no key of their own: "inotify wd:1 ino:2a ...".
std::string_view mark_keyword(std::string_view line) {
  for (const std::string_view word : {"inotify", "fanotify"}) {
    if (line.starts_with(word) && line.size() > word.size() && line[word.size()] == ' ') return word;
  }
  return {};
}

Fdinfo::Entry make_entry(std::string_view line) {
  Fdinfo::Entry entry;
  entry.line = line;
  const std::string_view keyword = mark_keyword(line);
  const size_t colon = line.find(':');
  if (!keyword.empty()) {
    entry.key = keyword;
    entry.value = trim(line.substr(keyword.size()));
  } else if (colon != std::string_view::npos) {
    entry.key = line.substr(0, colon);
    entry.value = trim(line.substr(colon + 1));
  } else {
    entry.value = trim(line);
  }
  return entry;
}

struct Head {
  bool pos = false;
  bool flags = false;
  bool mnt_id = false;
};

// The four fields every file has. Says whether the line was one; `good` whether its number was.
bool read_head(const Fdinfo::Entry& entry, Fdinfo& out, Head& head, bool& good) {
  const auto store = [&](auto& field, int base) {
    const auto value = whole_number<std::remove_reference_t<decltype(field)>>(entry.value, base);
    good = value.has_value();
    if (good) field = *value;
    return true;
  };
  // Only the first of each: a driver may print a line of the same name later.
  if (entry.key == "pos" && !head.pos) return head.pos = store(out.pos, 10);
  if (entry.key == "flags" && !head.flags) return head.flags = store(out.flags, 8);
  if (entry.key == "mnt_id" && !head.mnt_id) return head.mnt_id = store(out.mnt_id, 10);
  if (entry.key == "ino" && !out.ino) return store(out.ino.emplace(), 10);
  return false;
}

}  // namespace

std::optional<std::string_view> Fdinfo::find(std::string_view key) const {
  for (const Entry& entry : extra) {
    if (entry.key == key) return entry.value;
  }
  return std::nullopt;
}

Result<uint64_t> Fdinfo::number(std::string_view key, int base) const {
  const auto text = find(key);
  if (!text) return fail(ErrorKind::kSystem, "fdinfo: expected a line {}", key);
  std::string_view digits = *text;
  if (base == 16 && digits.starts_with("0x")) digits.remove_prefix(2);
  const auto value = whole_number<uint64_t>(digits, base);
  if (!value) {
    return fail(ErrorKind::kSystem, "fdinfo: {} is {}: expected a number in base {}", key, quoted(*text),
                base);
  }
  return *value;
}

std::vector<Pair> split_pairs(std::string_view line) {
  std::vector<Pair> pairs;
  Cursor cursor(line);
  for (std::string_view word; !(word = cursor.word()).empty();) {
    const size_t colon = word.find(':');
    if (colon == std::string_view::npos) continue;  // the leading "inotify"
    std::string_view value = word.substr(colon + 1);
    // epoll pads its numbers, so the value may be the next word.
    if (value.empty()) value = cursor.word();
    pairs.push_back({word.substr(0, colon), value});
  }
  return pairs;
}

Result<Fdinfo> parse_fdinfo(std::string_view text) {
  CR_TRY(check_complete("fdinfo", text));
  Result<Fdinfo> result;
  Fdinfo& info = *result;
  Head head;
  Lines lines(text);
  for (std::string_view line; lines.next(line);) {
    Fdinfo::Entry entry = make_entry(line);
    bool good = true;
    if (entry.key == "lock") {
      info.locks.push_back(CR_TRY(parse_lock(entry.value), "fdinfo line {}", lines.number()));
    } else if (!read_head(entry, info, head, good)) {
      info.extra.push_back(std::move(entry));
    } else if (!good) {
      return fail(ErrorKind::kSystem, "fdinfo line {}: {}: expected {}", lines.number(), quoted(line),
                  entry.key == "flags" ? "an octal number" : "a decimal number");
    }
  }
  if (!head.pos) return fail(ErrorKind::kSystem, "fdinfo: expected a line pos");
  if (!head.flags) return fail(ErrorKind::kSystem, "fdinfo: expected a line flags");
  if (!head.mnt_id) return fail(ErrorKind::kSystem, "fdinfo: expected a line mnt_id");
  return result;
}

}  // namespace cr::proc
