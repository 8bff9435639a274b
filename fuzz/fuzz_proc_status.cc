// /proc/PID/status: lines of newer kernels change nothing, and a file cut between two lines is refused where
// it matters.
#include "cr/proc/status.h"

#include <string>

#include "fuzz/lines.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  const std::string_view text = fuzz::as_text(data, size);
  const auto status = cr::proc::parse_status(text);
  if (!status) return 0;
  fuzz::require_cut_text_is_refused(cr::proc::parse_status, text);
  FUZZ_REQUIRE(!status->ns_pid.empty() && !status->cpus_allowed.empty());

  const auto newer = cr::proc::parse_status(std::string(text) + "Novelty:\t7\nno colon\n");
  FUZZ_REQUIRE(newer.has_value());
  FUZZ_REQUIRE(newer->name == status->name && newer->pid == status->pid && newer->uid == status->uid);
  FUZZ_REQUIRE(newer->sig_blocked == status->sig_blocked && newer->groups == status->groups);
  return 0;
}
