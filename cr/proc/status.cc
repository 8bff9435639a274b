#include "cr/proc/status.h"

#include <bitset>
#include <iterator>

#include "cr/proc/text.h"

namespace cr::proc {
namespace {

// The kernel writes a newline in a name as \n and a backslash as \\.
std::string unescape_name(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool escape = name[i] == '\\' && i + 1 < name.size() && (name[i + 1] == 'n' || name[i + 1] == '\\');
    if (!escape) {
      out += name[i];
      continue;
    }
    out += name[++i] == 'n' ? '\n' : '\\';
  }
  return out;
}

template <std::integral T>
bool read(std::string_view text, T& out, int base = 10) {
  const auto value = whole_number<T>(trim(text), base);
  if (value) out = *value;
  return value.has_value();
}

bool read_flag(std::string_view text, bool& out) {
  const std::string_view value = trim(text);
  out = value == "1";
  return out || value == "0";
}

bool read(std::string_view text, IdSet& out) {
  Cursor cursor(text);
  for (uint32_t* id : {&out.real, &out.effective, &out.saved, &out.fs}) {
    cursor.blanks();
    if (!cursor.number(*id)) return false;
  }
  return true;
}

template <std::integral T>
bool read_list(std::string_view text, std::vector<T>& out) {
  Cursor cursor(text);
  for (std::string_view word; !(word = cursor.word()).empty();) {
    const auto value = whole_number<T>(word);
    if (!value) return false;
    out.push_back(*value);
  }
  return true;
}

// A process is in one pid namespace at least.
bool read_ns(std::string_view text, std::vector<pid_t>& out) { return read_list(text, out) && !out.empty(); }

bool read_set(std::string_view text, uint64_t& out) {
  const std::string_view digits = trim(text);
  return digits.size() == 16 && read(digits, out, 16);
}

bool read_queue(std::string_view text, Status& out) {
  Cursor cursor(trim(text));
  return cursor.number(out.sigq_queued) && cursor.take('/') && cursor.number(out.sigq_limit) &&
         cursor.at_end();
}

bool read_state(std::string_view text, Status& out) {
  const std::string_view value = trim(text);
  if (value.empty()) return false;
  out.state = value.front();
  return true;
}

bool keep(std::string_view text, std::string& out) {
  out = trim(text);
  return true;
}

struct Field {
  std::string_view key;
  enum { kRequired, kOptional } presence;
  std::string_view expected;
  bool (*read)(std::string_view value, Status& out);
};

using Text = std::string_view;

// In the order in which the kernel prints them.
constexpr Field kFields[] = {
    {"Name", Field::kRequired, "a name",
     [](Text text, Status& out) {
       // One tab separates; what follows, blanks and all, is the name.
       if (!text.starts_with('\t')) return false;
       out.name = unescape_name(text.substr(1));
       return true;
     }},
    {"Umask", Field::kOptional, "octal digits",
     [](Text text, Status& out) { return read(text, out.umask.emplace(), 8); }},
    {"State", Field::kRequired, "a letter", read_state},
    {"Tgid", Field::kRequired, "a pid", [](Text text, Status& out) { return read(text, out.tgid); }},
    {"Ngid", Field::kOptional, "a pid", [](Text text, Status& out) { return read(text, out.ngid); }},
    {"Pid", Field::kRequired, "a pid", [](Text text, Status& out) { return read(text, out.pid); }},
    {"PPid", Field::kRequired, "a pid", [](Text text, Status& out) { return read(text, out.ppid); }},
    {"TracerPid", Field::kRequired, "a pid",
     [](Text text, Status& out) { return read(text, out.tracer_pid); }},
    {"Uid", Field::kRequired, "four ids", [](Text text, Status& out) { return read(text, out.uid); }},
    {"Gid", Field::kRequired, "four ids", [](Text text, Status& out) { return read(text, out.gid); }},
    {"FDSize", Field::kRequired, "a number", [](Text text, Status& out) { return read(text, out.fd_size); }},
    {"Groups", Field::kRequired, "ids", [](Text text, Status& out) { return read_list(text, out.groups); }},
    {"NStgid", Field::kRequired, "pids", [](Text text, Status& out) { return read_ns(text, out.ns_tgid); }},
    {"NSpid", Field::kRequired, "pids", [](Text text, Status& out) { return read_ns(text, out.ns_pid); }},
    {"NSpgid", Field::kRequired, "pids", [](Text text, Status& out) { return read_ns(text, out.ns_pgid); }},
    {"NSsid", Field::kRequired, "pids", [](Text text, Status& out) { return read_ns(text, out.ns_sid); }},
    {"Kthread", Field::kOptional, "0 or 1",
     [](Text text, Status& out) { return read_flag(text, out.kthread.emplace()); }},
    {"CoreDumping", Field::kOptional, "0 or 1",
     [](Text text, Status& out) { return read_flag(text, out.core_dumping.emplace()); }},
    {"THP_enabled", Field::kOptional, "0 or 1",
     [](Text text, Status& out) { return read_flag(text, out.thp_enabled.emplace()); }},
    {"Threads", Field::kRequired, "a number", [](Text text, Status& out) { return read(text, out.threads); }},
    {"SigQ", Field::kRequired, "QUEUED/LIMIT", read_queue},
    {"SigPnd", Field::kRequired, "16 hexadecimal digits",
     [](Text text, Status& out) { return read_set(text, out.sig_pending); }},
    {"ShdPnd", Field::kRequired, "16 hexadecimal digits",
     [](Text text, Status& out) { return read_set(text, out.sig_pending_shared); }},
    {"SigBlk", Field::kRequired, "16 hexadecimal digits",
     [](Text text, Status& out) { return read_set(text, out.sig_blocked); }},
    {"SigIgn", Field::kRequired, "16 hexadecimal digits",
     [](Text text, Status& out) { return read_set(text, out.sig_ignored); }},
    {"SigCgt", Field::kRequired, "16 hexadecimal digits",
     [](Text text, Status& out) { return read_set(text, out.sig_caught); }},
    {"CapInh", Field::kRequired, "16 hexadecimal digits",
     [](Text text, Status& out) { return read_set(text, out.cap_inheritable); }},
    {"CapPrm", Field::kRequired, "16 hexadecimal digits",
     [](Text text, Status& out) { return read_set(text, out.cap_permitted); }},
    {"CapEff", Field::kRequired, "16 hexadecimal digits",
     [](Text text, Status& out) { return read_set(text, out.cap_effective); }},
    {"CapBnd", Field::kRequired, "16 hexadecimal digits",
     [](Text text, Status& out) { return read_set(text, out.cap_bounding); }},
    {"CapAmb", Field::kRequired, "16 hexadecimal digits",
     [](Text text, Status& out) { return read_set(text, out.cap_ambient); }},
    {"NoNewPrivs", Field::kRequired, "0 or 1",
     [](Text text, Status& out) { return read_flag(text, out.no_new_privs); }},
    {"Seccomp", Field::kOptional, "a number",
     [](Text text, Status& out) { return read(text, out.seccomp.emplace()); }},
    {"Seccomp_filters", Field::kOptional, "a number",
     [](Text text, Status& out) { return read(text, out.seccomp_filters.emplace()); }},
    {"Speculation_Store_Bypass", Field::kOptional, "words",
     [](Text text, Status& out) { return keep(text, out.speculation_store_bypass.emplace()); }},
    {"SpeculationIndirectBranch", Field::kOptional, "words",
     [](Text text, Status& out) { return keep(text, out.speculation_indirect_branch.emplace()); }},
    {"Cpus_allowed", Field::kRequired, "a mask",
     [](Text text, Status& out) { return keep(text, out.cpus_allowed) && !out.cpus_allowed.empty(); }},
    // A kernel without cpusets has none.
    {"Mems_allowed", Field::kOptional, "a mask",
     [](Text text, Status& out) { return keep(text, out.mems_allowed); }},
    {"x86_Thread_features", Field::kOptional, "words",
     [](Text text, Status& out) { return keep(text, out.x86_thread_features.emplace()); }},
    {"x86_Thread_features_locked", Field::kOptional, "words",
     [](Text text, Status& out) { return keep(text, out.x86_thread_features_locked.emplace()); }},
};
constexpr size_t kFieldCount = std::size(kFields);

// Searches from where the last field was found on, since the order is nearly always that of the table.
const Field* find_field(std::string_view key, size_t& hint) {
  for (size_t tried = 0; tried < kFieldCount; ++tried) {
    const size_t at = (hint + tried) % kFieldCount;
    if (kFields[at].key != key) continue;
    hint = at;
    return &kFields[at];
  }
  return nullptr;
}

}  // namespace

Result<Status> parse_status(std::string_view text) {
  CR_TRY(check_complete("status", text));
  Result<Status> status;
  std::bitset<kFieldCount> seen;
  size_t hint = 0;
  Lines lines(text);
  for (std::string_view line; lines.next(line);) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const Field* field = find_field(line.substr(0, colon), hint);
    if (field == nullptr) continue;
    if (!field->read(line.substr(colon + 1), *status)) {
      return fail(ErrorKind::kSystem, "status line {}: {}: expected {}", lines.number(), quoted(line),
                  field->expected);
    }
    seen.set(hint);
  }
  for (size_t i = 0; i < kFieldCount; ++i) {
    if (kFields[i].presence == Field::kRequired && !seen[i]) {
      return fail(ErrorKind::kSystem, "status: expected a line {}", kFields[i].key);
    }
  }
  return status;
}

}  // namespace cr::proc
