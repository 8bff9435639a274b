#include "cr/image/tools/mutations.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace cr::image {

Result<Patient> Patient::load(const std::string& path, Judge judge, Share share) {
  Patient patient;
  patient.judge_ = std::move(judge);
  patient.share_ = share;
  patient.good_ = CR_TRY(sys::read_file(path));
  patient.fd_.reset(::memfd_create("patient", MFD_CLOEXEC));
  if (!patient.fd_.valid()) return fail_errno("memfd_create");
  CR_TRY(patient.mend());
  if (CR_TRY(reader_here()(patient.fd_.get())).verdict != Verdict::kSound)
    return fail(ErrorKind::kInvalidImage, "{} is refused before any damage", path);
  return patient;
}

Result<void> Patient::judge(const std::string& what) {
  if (damages_++ % share_.of != share_.first) return {};
  ++tally_.tried;
  const auto [verdict, cpu_time] = CR_TRY(judge_(fd_.get()));
  tally_.slowest = std::max(tally_.slowest, cpu_time);
  if (cpu_time > std::chrono::seconds(1)) ++tally_.slow, fmt::print(stderr, "{}: SLOW\n", what);
  if (verdict == Verdict::kOther) ++tally_.wrong_kind, fmt::print(stderr, "{}: not as INVALID\n", what);
  if (verdict == Verdict::kSound) ++tally_.accepted, fmt::print(stderr, "{}: ACCEPTED\n", what);
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
