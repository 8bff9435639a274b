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

#include "cr/image/page_reader.h"
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

// Unwraps, or fails the test with the error's message.
template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline void add_pages(Writer& writer, uint64_t id, std::string_view data) {
  auto left = std::as_bytes(std::span(data));
  while (!left.empty()) {
    const auto room = must(writer.page_room(id));
    const auto part = left.first(std::min(left.size(), room.size()));
    std::ranges::copy(part, room.begin());
    must(writer.pages_filled(part.size()));
    left = left.subspan(part.size());
  }
}

// All pages of an object, as one who restores would get them.
inline std::string pages_of(const Reader& reader, uint64_t id) {
  std::string data(reader.pages().pages(id) * kPageSize, '?');
  must(PageReader(reader).read(id, 0, std::as_writable_bytes(std::span(data))));
  return data;
}

// Three records, one of them empty, and pages of two objects stored in every way that needs no other image:
// every kind of byte a file can have, in 20 KiB and some.
inline void write_small_image(const std::string& path, uint64_t seed = 1) {
  Writer writer = must(Writer::create(path, {.compression = 1}));
  must(writer.add_record(7, 1, std::string_view("thirteen byte")));
  must(writer.add_record(7, 2, std::string_view("")));
  must(writer.add_record(9, 0, std::string_view("before the pages")));
  add_pages(writer, 42, some_pages(1, seed) + std::string(2 * kPageSize, '\0') + std::string(kPageSize, 'c'));
  must(writer.add_same(43, 2, 42, 1));
  add_pages(writer, 43, some_pages(1, seed + 1));
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
