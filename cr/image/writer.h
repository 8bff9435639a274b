// Writes one image, strictly front to back: into a file that gets its name only when it is complete and on
// disk, or into a stream whose reader knows by its last bytes that it is complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cr/base/result.h"
#include "cr/image/format.h"

namespace cr::image {

struct WriterOptions {
  // Level of zstd for page data; 0 stores it as it is.
  int compression = 0;
  // For a file: its owner may run it (binfmt_misc).
  bool executable = false;
  // The image that pages may be inherited from.
  std::optional<ImageId> parent;
  // Asked before every write, and again and again while a stream's reader is not ready; an error ends the
  // work with it.
  std::function<Result<void>()> keep_going;
};

// Until commit() returns, a file's final name shows what it showed before: nothing, or the older image. A
// writer that is destroyed, or whose process is killed, leaves nothing; on file systems without anonymous
// files (O_TMPFILE) a killed one leaves a hidden temporary that the next writer of the same name removes.
//
// Records come first, then pages. Misuse (a record after pages, a key twice) is an Internal error. After any
// error the writer is spent: every later call fails. Not thread-safe.
class Writer {
 public:
  // Fails if the directory cannot be written, or if `path` exists and is not a regular file (a symbolic link
  // is refused too: replacing it would not replace what it points to). The image will have mode 0600, or
  // 0700: it holds memory.
  static Result<Writer> create(const std::string& path, WriterOptions options = {});

  // Into a pipe, a socket or whatever can be written; `fd` is borrowed. A reader that goes away is an error,
  // if SIGPIPE is ignored. `name` is for messages.
  static Result<Writer> to_stream(int fd, const std::string& name, WriterOptions options = {});

  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;
  ~Writer();

  // `type` is a record's (section.h); (type, id) is unique. The payload is copied or written before the call
  // returns.
  Result<void> add_record(uint32_t type, uint64_t id, std::span<const std::byte> payload);
  Result<void> add_record(uint32_t type, uint64_t id, std::string_view payload);

  // Pages continue their object. Room for some is had with page_room(), at least one page and whole pages;
  // what was put into its first `bytes` bytes is handed over with pages_filled(). So page data is copied
  // once, from where it comes from. Pages of zeros are found and not stored.
  Result<std::span<std::byte>> page_room(uint64_t id);
  Result<void> pages_filled(size_t bytes);

  // The object's next pages are the same as those of `source`, which was written before and is no such
  // reference itself; or as those of the parent image (options).
  Result<void> add_same(uint64_t id, uint64_t pages, uint64_t source, uint64_t source_page);
  Result<void> add_inherited(uint64_t id, uint64_t pages, uint64_t source, uint64_t source_page);

  // What has been written so far, in bytes of the image; for progress lines.
  uint64_t size() const;

  // Index and footer; for a file also fsync, name, fsync of the directory. Returns the image's size. If it
  // fails before the name is published nothing is left; the one failure after that (fsync of the directory)
  // says so.
  Result<uint64_t> commit();

 private:
  struct State;
  explicit Writer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cr::image
