#include "cr/engine/binfmt.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <optional>

#include <linux/magic.h>

#include "cr/image/format.h"
#include "cr/sys/fd.h"

namespace cr::engine {
namespace {

constexpr char kFolder[] = "/proc/sys/fs/binfmt_misc";

// Limits of the kernel: Documentation/admin-guide/binfmt-misc.rst.
constexpr size_t kLongestInterpreter = 127;
constexpr size_t kLongestLine = 1920;

std::string_view magic() { return {image::kMagic.data(), image::kMagic.size()}; }

std::string path_of(const std::string& name) { return fmt::format("{}/{}", kFolder, name); }

// Asked of the path and not of the list of mounts: looking is what makes systemd's automount mount it.
bool is_mounted() {
  struct statfs status;
  return ::statfs(fmt::format("{}/", kFolder).c_str(), &status) == 0 && status.f_type == BINFMTFS_MAGIC;
}

Result<BinfmtStatus::Kernel> kernel_has_it() {
  const std::string known = CR_TRY(sys::read_file("/proc/filesystems"));
  if (known.find("\tbinfmt_misc\n") != std::string::npos) return BinfmtStatus::Kernel::kPresent;
  struct stat status;  // the folder is there where the module may be
  return ::stat(kFolder, &status) == 0 ? BinfmtStatus::Kernel::kModule : BinfmtStatus::Kernel::kAbsent;
}

// True: it was not there before.
Result<bool> mount_it() {
  if (is_mounted()) return false;
  if (::mount("binfmt_misc", kFolder, "binfmt_misc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0)
    return true;
  if (errno == ENODEV || errno == ENOENT)
    return fail(ErrorKind::kSystem,
                "this kernel has no binfmt_misc (CONFIG_BINFMT_MISC), or its module is missing");
  return fail_errno("mount binfmt_misc on {}", kFolder);
}

Result<void> write_to(const std::string& file, std::string_view text) {
  const sys::UniqueFd fd = CR_TRY(sys::open(file, O_WRONLY));
  CR_TRY(sys::write_fully(fd.get(), std::as_bytes(std::span(text))), "{}", file);
  return {};
}

bool is_of_images(const proc::BinfmtEntry& entry) { return entry.matches(magic()); }

Result<std::optional<proc::BinfmtEntry>> find(const std::string& name) {
  const auto text = sys::read_file(path_of(name));
  if (!text && text.error().error_number() == ENOENT) return std::nullopt;
  if (!text) return Failure(text.error());
  return CR_TRY(proc::parse_binfmt_entry(*text), "{}", path_of(name));
}

// What was registered for images under this name, and is so no more.
Result<std::optional<proc::BinfmtEntry>> remove_ours(const std::string& name) {
  auto there = CR_TRY(find(name));
  if (!there) return std::nullopt;
  if (!is_of_images(*there))
    return fail(ErrorKind::kConflict, "{} is registered for other files, which {} runs; give another name",
                name, there->interpreter);
  CR_TRY(write_to(path_of(name), "-1"));
  return there;
}

Result<void> register_line(const std::string& line) { return write_to(path_of("register"), line); }

// Any character may separate the fields, and nothing can be escaped in the path: one that is not in it.
// The kernel refuses letters that are flags.
std::optional<char> separator_for(std::string_view fields) {
  for (const char candidate : std::string_view(":|,;!#%&@^~\x01\x02\x03\x04"))
    if (fields.find(candidate) == std::string_view::npos) return candidate;
  return std::nullopt;
}

}  // namespace

Result<std::string> binfmt_registration(std::string_view name, std::string_view magic,
                                        std::string_view interpreter) {
  if (interpreter.size() > kLongestInterpreter)
    return fail(ErrorKind::kSystem, "{}: the kernel takes at most {} bytes of an interpreter's path",
                interpreter, kLongestInterpreter);
  if (interpreter.find('\n') != std::string_view::npos)
    return fail(ErrorKind::kSystem, "{}: a path with a newline cannot be registered", interpreter);
  // All of it is escaped: zero bytes would end the line, and "\x" or the separator may be among the others.
  std::string escaped;
  for (const char byte : magic) escaped += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  const auto separator = separator_for(fmt::format("{}{}", name, interpreter));
  if (!separator) return fail(ErrorKind::kSystem, "{}: no character is left to separate it", interpreter);
  const std::string line = fmt::format("{0}{1}{0}M{0}0{0}{2}{0}{0}{3}{0}{4}", *separator, name, escaped,
                                       interpreter, kBinfmtFlags);
  if (line.size() > kLongestLine)
    return fail(ErrorKind::kSystem, "the registration of {} has more than {} bytes", name, kLongestLine);
  return line;
}

Result<BinfmtStatus> binfmt_status() {
  BinfmtStatus status;
  status.mounted = is_mounted();
  status.kernel = CR_TRY(kernel_has_it());
  if (!status.mounted) return status;
  status.enabled = CR_TRY(sys::read_file(path_of("status"))) == "enabled\n";
  std::vector<std::string> names = CR_TRY(sys::list_dir(kFolder));
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (name == "status" || name == "register") continue;
    auto entry = CR_TRY(find(name));
    if (entry && is_of_images(*entry)) status.entries.push_back({name, std::move(*entry)});
  }
  return status;
}

Result<BinfmtInstalled> install_binfmt(const std::string& name) {
  BinfmtInstalled done;
  done.interpreter = CR_TRY(sys::read_link("/proc/self/exe"));
  // A file that was replaced since reads "... (deleted)": better told now than by the kernel's ENOENT.
  struct stat status;
  if (::stat(done.interpreter.c_str(), &status) != 0) return fail_errno("{}", done.interpreter);
  const std::string line = CR_TRY(binfmt_registration(name, magic(), done.interpreter));
  done.mounted_now = CR_TRY(mount_it());
  const auto before = CR_TRY(remove_ours(name));
  done.replaced = before.has_value();
  auto registered = register_line(line);
  // There cannot be two of a name, so the older one had to go first: it comes back.
  if (!registered && before)
    if (const auto older = binfmt_registration(name, magic(), before->interpreter))
      (void)register_line(*older);
  CR_TRY(std::move(registered), "registering {} for images", done.interpreter);
  return done;
}

Result<bool> remove_binfmt(const std::string& name) {
  if (!is_mounted()) return false;
  return CR_TRY(remove_ours(name)).has_value();
}

}  // namespace cr::engine
