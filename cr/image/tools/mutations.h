// An image in memory that can be damaged and mended, as fast as a page can be written.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cr/base/result.h"
#include "cr/image/tools/judge.h"
#include "cr/sys/fd.h"

namespace cr::image {

struct Tally {
  uint64_t tried = 0;
  uint64_t unchanged = 0;   // the damage happened to make no difference, so it was not tried
  uint64_t accepted = 0;    // opened and verified: must not happen
  uint64_t wrong_kind = 0;  // refused, but not as InvalidImage
  uint64_t slow = 0;        // more than a second of CPU time
  std::chrono::microseconds slowest{};

  bool sound() const { return tried > 0 && accepted + wrong_kind + slow == 0; }
};

// Of several that sweep the same image at once: every `of`th damage, beginning with number `first`.
struct Share {
  uint64_t first = 0, of = 1;
};

class Patient {
 public:
  // Fails if our reader refuses the image before there is any damage. The judge is not asked: it may do
  // something with sound images.
  static Result<Patient> load(const std::string& path, Judge judge, Share share);

  const std::string& good() const { return good_; }

  // Is the image, as it is now, refused as it should be? `what` names the damage on stderr if it is not. A
  // damage that is another one's share is not looked at.
  Result<void> judge(const std::string& what);

  // Replaces bytes in place, judges, and puts them back.
  Result<void> try_overwrite(uint64_t offset, std::string_view bytes, const std::string& what);
  // Judges another content altogether, and puts the old one back.
  Result<void> try_content(const std::string& bytes, const std::string& what);

  // Drops the last byte for good; for walking down all lengths.
  Result<void> cut_to(uint64_t length);
  Result<void> mend();

  const Tally& tally() const { return tally_; }

 private:
  Result<void> put(uint64_t offset, std::string_view bytes);

  Judge judge_;
  Share share_;
  uint64_t damages_ = 0;
  std::string good_;
  sys::UniqueFd fd_;
  Tally tally_;
};

}  // namespace cr::image
