// The same bytes as a file and as a stream: who reads front to back accepts no more and no less, and sees the
// same.
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <thread>
#include <vector>

#include "cr/image/compression.h"
#include "cr/image/reader.h"
#include "cr/image/scanner.h"
#include "fuzz/fuzz.h"

namespace {

using cr::image::Extent;
using cr::image::SectionKey;

cr::Result<std::map<SectionKey, std::string>> scan(cr::image::Stream& stream) {
  std::map<SectionKey, std::string> records;
  cr::image::Scanner scanner = CR_TRY(cr::image::Scanner::begin(stream));
  CR_TRY(scanner.records([&](SectionKey key, std::string payload) -> cr::Result<void> {
    FUZZ_REQUIRE(records.emplace(key, std::move(payload)).second);
    return {};
  }));
  cr::image::Decompressor decompressor;
  std::vector<std::byte> content;
  CR_TRY(scanner.pages(
      [&](uint64_t, const Extent& extent, std::span<const std::byte> stored) -> cr::Result<void> {
        FUZZ_REQUIRE(stored.size() == extent.stored);
        if (extent.kind != cr::image::ExtentKind::kZstd) return {};
        content.resize(extent.pages * cr::kPageSize);
        return decompressor.decompress(stored, content);
      }));
  return records;
}

// A pipe that the bytes come out of, in pieces as they fit.
class Pipe {
 public:
  Pipe(const uint8_t* data, size_t size) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    reader_ = cr::sys::UniqueFd(ends[0]);
    writer_ = std::jthread([data, size, end = ends[1]] {
      for (size_t done = 0; done < size;) {
        const ssize_t put = ::write(end, data + done, size - done);
        if (put <= 0) break;
        done += static_cast<size_t>(put);
      }
      ::close(end);
    });
  }
  ~Pipe() { reader_.reset(); }
  int fd() const { return reader_.get(); }

 private:
  std::jthread writer_;
  cr::sys::UniqueFd reader_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxImage) return -1;
  ::signal(SIGPIPE, SIG_IGN);
  cr::sys::UniqueFd file(::memfd_create("image", MFD_CLOEXEC));
  if (!file.valid() || ::pwrite(file.get(), data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  const Pipe pipe(data, size);
  cr::image::Stream stream = cr::image::Stream::of_pipe(pipe.fd());
  const auto streamed = scan(stream);
  FUZZ_REQUIRE(streamed || streamed.error().kind() == cr::ErrorKind::kInvalidImage);

  const auto reader = cr::image::Reader::from_fd(std::move(file), "input");
  const bool sound = reader && reader->verify();
  FUZZ_REQUIRE(sound == streamed.has_value());
  if (!sound) return 0;
  FUZZ_REQUIRE(reader->records().size() == streamed->size());
  for (const auto& [key, payload] : *streamed)
    FUZZ_REQUIRE(reader->record(key.type, key.id).value() == payload);
  return 0;
}
