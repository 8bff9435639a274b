#include "cr/image/tools/mutations.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cr/image/reader.h"

namespace cr::image {

Result<Patient> Patient::load(const std::string& path) {
  Patient patient;
  patient.good_ = CR_TRY(sys::read_file(path));
  patient.fd_.reset(::memfd_create("patient", MFD_CLOEXEC));
  if (!patient.fd_.valid()) return fail_errno("memfd_create");
  CR_TRY(patient.mend());
  if (!CR_TRY(patient.accepted(), "{} before any damage", path))
    return fail(ErrorKind::kInvalidImage, "{} is refused before any damage", path);
  return patient;
}

// Another error than InvalidImage comes back as an error.
Result<bool> Patient::accepted() const {
  sys::UniqueFd twin(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
  if (!twin.valid()) return fail_errno("dup");
  const auto outcome = [&]() -> Result<void> {
    const Reader reader = CR_TRY(Reader::from_fd(std::move(twin), "patient"));
    CR_TRY(reader.verify());
    return {};
  }();
  if (outcome) return true;
  if (outcome.error().kind() == ErrorKind::kInvalidImage) return false;
  return Failure(outcome.error());
}

Result<void> Patient::judge(const std::string& what) {
  ++tally_.tried;
  const auto outcome = accepted();
  if (!outcome) {
    ++tally_.wrong_kind;
    fmt::print(stderr, "{}: refused as {}: {}\n", what, name_of(outcome.error().kind()),
               outcome.error().message());
  } else if (*outcome) {
    ++tally_.accepted;
    fmt::print(stderr, "{}: ACCEPTED\n", what);
  }
  return {};
}

Result<void> Patient::put(uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put <= 0) return fail_errno("pwrite into memory");
    bytes.remove_prefix(static_cast<size_t>(put));
    offset += static_cast<uint64_t>(put);
  }
  return {};
}

Result<void> Patient::try_overwrite(uint64_t offset, std::string_view bytes, const std::string& what) {
  const auto before = std::string_view(good_).substr(offset, bytes.size());
  if (before == bytes) {
    ++tally_.unchanged;
    return {};
  }
  CR_TRY(put(offset, bytes));
  CR_TRY(judge(what));
  return put(offset, before);
}

Result<void> Patient::try_content(const std::string& bytes, const std::string& what) {
  if (bytes == good_) {
    ++tally_.unchanged;
    return {};
  }
  CR_TRY(cut_to(0));
  CR_TRY(put(0, bytes));
  CR_TRY(judge(what));
  return mend();
}

Result<void> Patient::cut_to(uint64_t length) {
  if (::ftruncate(fd_.get(), static_cast<off_t>(length)) != 0) return fail_errno("ftruncate memory");
  return {};
}

Result<void> Patient::mend() {
  CR_TRY(cut_to(0));
  return put(0, good_);
}

}  // namespace cr::image
