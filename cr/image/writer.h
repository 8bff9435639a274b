// Writes one image, strictly front to back, and publishes it under its name only when it is complete and on
// disk.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "cr/base/result.h"

namespace cr::image {

// Until commit() returns, the final name shows what it showed before: nothing, or the older image. A writer
// that is destroyed, or whose process is killed, leaves nothing; on file systems without anonymous files
// (O_TMPFILE) a killed one leaves a hidden temporary that the next writer of the same name removes.
//
// The order of calls is the order in the file. Misuse (a record inside a page section, a key twice) is an
// Internal error. After any error the writer is spent: every later call fails. Not thread-safe.
class Writer {
 public:
  // Fails if the directory cannot be written, or if `path` exists and is not a regular file (a symbolic link
  // is refused too: replacing it would not replace what it points to). The image will have mode 0600: it
  // holds memory; 0700 if its owner is to run it (binfmt_misc).
  enum class Executable : bool { kNo, kYes };
  static Result<Writer> create(const std::string& path, Executable executable = Executable::kNo);

  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;
  ~Writer();

  // `type` is anything but kPages; (type, id) is unique. The payload is copied or written before the call
  // returns.
  Result<void> add_record(uint32_t type, uint64_t id, std::span<const std::byte> payload);
  Result<void> add_record(uint32_t type, uint64_t id, std::string_view payload);

  // A page section begins at a page boundary of the file. It may stay empty.
  Result<void> begin_pages(uint64_t id);

  // Whole pages in sum; single vectors may be of any length. Returns where the first byte went, counted from
  // the section's start. Written straight from the caller's buffers: give a MiB or more per call where
  // possible, and buffers that nobody changes during the call, or data and checksum will not agree.
  Result<uint64_t> append_pages(std::span<const iovec> data);

  Result<void> end_pages();

  // What has been handed over so far, in bytes of the file; for progress lines.
  uint64_t size() const;

  // Index, footer, fsync, name, fsync of the directory. Returns the file's size. If it fails before the name
  // is published nothing is left; the one failure after that (fsync of the directory) says so.
  Result<uint64_t> commit();

 private:
  struct State;
  explicit Writer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cr::image
