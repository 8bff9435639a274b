// Opens an image and answers for its bytes: structure at open(), every single byte in verify().
//
// What is guaranteed when somebody changes the file meanwhile. The reader keeps one open description from
// open() on, so a new image that is renamed over the name (what Writer does) or an unlink changes nothing
// here. Writing *into* the file is another matter: no kernel interface freezes a file's bytes. Records are
// therefore safe at any time (record() checks the bytes it returns), the index is held in memory, but page
// data read through fd() is what is in the file at that moment, verified or not. check_unchanged() notices
// such a writer afterwards by size and time of modification; a restore calls it after its last page was read
// and before any task runs. A writer that sets that time back, or is quicker than its granularity, is not
// noticed: an image needs the protection that its owner's files have.
#pragma once

#include <time.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cr/base/result.h"
#include "cr/image/format.h"
#include "cr/image/page_table.h"
#include "cr/image/section.h"
#include "cr/image/stream.h"
#include "cr/sys/fd.h"

namespace cr::image {

struct VerifyReport {
  uint64_t sections = 0;
  uint64_t bytes = 0;  // all of the file
  uint64_t pages = 0;  // of all objects, however they are stored
};

class Reader {
 public:
  // Header, footer, index and the tables of pages, 48 bytes for each extent. A file
  // that cannot be opened is a System error; one that is no sound image is InvalidImage, naming what is
  // wrong, where, and what to do.
  static Result<Reader> open(const std::string& path);

  // The same on an open description that can be read (a memfd, an fd handed over by the kernel); `name` is
  // for messages. The file offset is neither used nor moved.
  static Result<Reader> from_fd(sys::UniqueFd fd, std::string name);

  // Every byte: checksums and padding, header and index again included; compressed pages are decompressed.
  // No memory beyond that of the tables. A parent is not verified with it, only that it has what is
  // inherited.
  Result<VerifyReport> verify(const Progress& progress = {}) const;

  // In file order, without the index.
  std::span<const Section> sections() const { return sections_; }
  std::vector<Section> records() const;

  bool has_record(uint32_t type, uint64_t id) const;
  // The payload, its checksum verified now. A record that is not there is InvalidImage.
  Result<std::string> record(uint32_t type, uint64_t id) const;

  // Which pages there are, and how they are stored; page_reader.h reads them.
  const PageTable& pages() const { return pages_; }
  // The image that pages are inherited from, if any. attach_parent() takes no other.
  std::optional<ImageId> parent_id() const;
  Result<void> attach_parent(std::shared_ptr<const Reader> parent);
  const Reader* parent() const { return parent_.get(); }

  // Borrowed: for preadv of page data. Lives as long as the reader.
  int fd() const { return fd_.get(); }
  const std::string& name() const { return name_; }
  uint64_t size() const { return size_; }
  // Optional features (format.h) the writer used and this reader does not know; they may be ignored.
  uint64_t unknown_optional_features() const { return header_.optional_features & ~kKnownOptionalFeatures; }
  // 16 random bytes given by the writer: two images are the same one exactly if these are equal.
  const ImageId& image_id() const { return header_.image_id; }
  // As read at open().
  const Header& header() const { return header_; }

  // The footer's, which covers all others: two files have the same one exactly if they are the same, but for
  // forgeries.
  uint64_t checksum() const { return footer_.hash; }

  // Conflict if the file's size or time of modification are no longer those of open(). See the head of this
  // file.
  Result<void> check_unchanged() const;

 private:
  Reader() = default;
  Result<void> load();
  Result<void> build_lookup();
  Result<void> load_tables();
  const Section* find(SectionKey key) const;
  Result<void> check_inherited() const;

  sys::UniqueFd fd_;
  std::string name_;
  uint64_t size_ = 0;
  timespec modified_{};
  Header header_{};  // as read at open(); verify() reads them again
  Footer footer_{};
  std::vector<Section> sections_;  // file order
  std::vector<uint32_t> by_key_;   // positions of records in sections_, sorted by key
  PageTable pages_;
  std::shared_ptr<const Reader> parent_;
};

}  // namespace cr::image
