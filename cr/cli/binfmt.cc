#include "cr/cli/binfmt.h"

#include "cr/engine/binfmt.h"

namespace cr::cli {
namespace {

using Kernel = engine::BinfmtStatus::Kernel;

std::string_view name_of(Kernel kernel) {
  switch (kernel) {
    case Kernel::kAbsent:
      return "absent";
    case Kernel::kModule:
      return "module";
    default:
      return "present";
  }
}

std::string_view words_for(Kernel kernel) {
  switch (kernel) {
    case Kernel::kAbsent:
      return "has no binfmt_misc";
    case Kernel::kModule:
      return "has binfmt_misc as a module that is not loaded";
    default:
      return "has binfmt_misc";
  }
}

std::string in_words(const engine::BinfmtStatus& status) {
  std::string text = fmt::format("this kernel {}", words_for(status.kernel));
  text += status.mounted ? ", mounted" : ", not mounted";
  if (status.mounted && !status.enabled) text += ", disabled for all kinds of files";
  for (const auto& [name, entry] : status.entries)
    text += fmt::format("\n{}: {}, {} runs images, flags {}", name, entry.enabled ? "enabled" : "disabled",
                        entry.interpreter, entry.flags.empty() ? "none" : entry.flags);
  if (status.entries.empty()) text += "\nnobody is registered for images; `cr binfmt install` does it";
  return text;
}

}  // namespace

Result<int> binfmt_install(const std::string& name, const Output& output) {
  const engine::BinfmtInstalled done = CR_TRY(engine::install_binfmt(name), "binfmt install");
  CR_TRY(
      output.result({{"name", name},
                     {"interpreter", done.interpreter},
                     {"flags", engine::kBinfmtFlags},
                     {"mounted_now", done.mounted_now},
                     {"replaced", done.replaced}},
                    fmt::format("{}: {}{} runs images{}", name, done.interpreter, done.replaced ? " now" : "",
                                done.mounted_now ? "; binfmt_misc was mounted for it" : "")));
  return 0;
}

Result<int> binfmt_remove(const std::string& name, const Output& output) {
  const bool removed = CR_TRY(engine::remove_binfmt(name), "binfmt remove");
  CR_TRY(output.result({{"name", name}, {"removed", removed}},
                       fmt::format("{}: {}", name, removed ? "removed" : "was not registered")));
  return 0;
}

Result<int> binfmt_status(const Output& output) {
  const engine::BinfmtStatus status = CR_TRY(engine::binfmt_status(), "binfmt status");
  nlohmann::json entries = nlohmann::json::array();
  for (const auto& [name, entry] : status.entries)
    entries.push_back({{"name", name},
                       {"enabled", entry.enabled},
                       {"interpreter", entry.interpreter},
                       {"flags", entry.flags}});
  CR_TRY(output.result({{"kernel", name_of(status.kernel)},
                        {"mounted", status.mounted},
                        {"enabled", status.enabled},
                        {"entries", entries}},
                       in_words(status)));
  return 0;
}

}  // namespace cr::cli
