// What the tests of this folder share: a directory that goes away, images in memory, and single wrong bytes.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <random>
#include <string>
#include <vector>

#include "cr/image/reader.h"
#include "cr/image/writer.h"
#include "cr/sys/sys_testing.h"

namespace cr::image {

using sys::TempDir;

// Pages that differ from each other and from run to run of the seed.
inline std::string some_pages(size_t pages, uint64_t seed) {
  std::string data(pages * kPageSize, '\0');
  std::mt19937_64 random(seed);
  for (size_t at = 0; at < data.size(); at += sizeof(uint64_t)) {
    const uint64_t word = random();
    data.replace(at, sizeof(word), reinterpret_cast<const char*>(&word), sizeof(word));
  }
  return data;
}

inline iovec vector_of(std::string& data) { return {data.data(), data.size()}; }

// Unwraps, or fails the test with the error's message.
template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline void add_pages(Writer& writer, uint64_t id, std::string data) {
  must(writer.begin_pages(id));
  const iovec vector = vector_of(data);
  must(writer.append_pages({&vector, 1}));
  must(writer.end_pages());
}

// Two records, an empty one, a page section of one page: every kind of byte a file can have, in 8 KiB and
// some.
inline void write_small_image(const std::string& path, uint64_t seed = 1) {
  Writer writer = must(Writer::create(path));
  must(writer.add_record(7, 1, std::string_view("thirteen byte")));
  must(writer.add_record(7, 2, std::string_view("")));
  add_pages(writer, 42, some_pages(1, seed));
  must(writer.add_record(9, 0, std::string_view("after the pages")));
  must(writer.commit());
}

inline std::string bytes_of_file(const std::string& path) { return must(sys::read_file(path)); }

inline sys::UniqueFd in_memory(std::string_view bytes) {
  sys::UniqueFd fd(::memfd_create("image", MFD_CLOEXEC));
  if (!fd.valid()) throw std::runtime_error("memfd_create");
  must(sys::write_fully(fd.get(), std::as_bytes(std::span(bytes))));
  return fd;
}

// As a restore does: open, then verify.
inline Result<void> accept(std::string_view bytes) {
  const Reader reader = CR_TRY(Reader::from_fd(in_memory(bytes), "test"));
  CR_TRY(reader.verify());
  return {};
}

// Matches a Result that failed as InvalidImage, with a message that matches.
MATCHER_P(IsInvalidImage, message, "") {
  if (arg.has_value()) {
    *result_listener << "it was accepted";
    return false;
  }
  *result_listener << arg.error().message();
  return arg.error().kind() == ErrorKind::kInvalidImage &&
         testing::ExplainMatchResult(message, arg.error().message(), result_listener);
}

}  // namespace cr::image
