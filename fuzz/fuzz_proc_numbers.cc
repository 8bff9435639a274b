// The one-line files children, personality, oom_score_adj, coredump_filter and syscall: what is accepted is
// whole, and says the same when written again.
#include <fmt/format.h>

#include <string>

#include "cr/proc/children.h"
#include "cr/proc/personality.h"
#include "cr/proc/syscall.h"
#include "cr/proc/text.h"
#include "fuzz/lines.h"

namespace {

void children(std::string_view text) {
  const auto pids = cr::proc::parse_children(text);
  if (!pids) return;
  if (!text.empty()) FUZZ_REQUIRE(!cr::proc::parse_children(text.substr(0, text.size() - 1)).has_value());
  std::string written;
  for (const pid_t pid : *pids) {
    FUZZ_REQUIRE(pid > 0);
    written += std::to_string(pid) + " ";
  }
  const auto again = cr::proc::parse_children(written);
  FUZZ_REQUIRE(again.has_value() && *again == *pids);
}

void personality(std::string_view text) {
  const auto value = cr::proc::parse_personality(text);
  if (!value) return;
  fuzz::require_cut_text_is_refused(cr::proc::parse_personality, text);
  const auto again = cr::proc::parse_personality(fmt::format("{:08x}\n", *value));
  FUZZ_REQUIRE(again.has_value() && *again == *value);
}

template <typename T>
void number(std::string_view text, int base) {
  const auto parse = [base](std::string_view part) { return cr::proc::parse_number<T>("file", part, base); };
  const auto value = parse(text);
  if (!value) return;
  fuzz::require_cut_text_is_refused(parse, text);
  const auto again = parse(base == 16 ? fmt::format("{:08x}\n", *value) : fmt::format("{}\n", *value));
  FUZZ_REQUIRE(again.has_value() && *again == *value);
}

std::string line_of(const cr::proc::SyscallInfo& info) {
  using Where = cr::proc::SyscallInfo::Where;
  if (info.where == Where::kRunning) return "running\n";
  std::string line = std::to_string(info.nr);
  if (info.where == Where::kSystemCall) {
    for (const uint64_t arg : info.args) line += fmt::format(" {:#x}", arg);
  }
  return line + fmt::format(" {:#x} {:#x}\n", info.sp, info.pc);
}

void system_call(std::string_view text) {
  const auto info = cr::proc::parse_syscall(text);
  if (!info) return;
  fuzz::require_cut_text_is_refused(cr::proc::parse_syscall, text);
  const auto again = cr::proc::parse_syscall(line_of(*info));
  FUZZ_REQUIRE(again.has_value() && again->where == info->where && again->nr == info->nr);
  FUZZ_REQUIRE(again->args == info->args && again->sp == info->sp && again->pc == info->pc);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  const std::string_view text = fuzz::as_text(data, size);
  children(text);
  personality(text);
  number<int32_t>(text, 10);   // oom_score_adj
  number<uint32_t>(text, 16);  // coredump_filter
  system_call(text);
  return 0;
}
