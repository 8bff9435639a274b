// Plain values over a socket between two processes of one binary: what the engine and its guardian say to
// each other. No versioning and no byte order: both ends are the same build, forked from each other.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "cr/base/result.h"

namespace cr::trace {

class WireWriter {
 public:
  template <typename T>
  void put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto* begin = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), begin, begin + sizeof(T));
  }
  template <typename T>
  void put_all(const std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    put(values.size());
    const auto* begin = reinterpret_cast<const std::byte*>(values.data());
    bytes_.insert(bytes_.end(), begin, begin + values.size() * sizeof(T));
  }
  void put_text(const std::string& text) { put_all(std::vector<char>(text.begin(), text.end())); }

  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// Reads what a WireWriter of the same build wrote; anything else is a broken invariant.
class WireReader {
 public:
  explicit WireReader(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

  template <typename T>
  T get() {
    static_assert(std::is_trivially_copyable_v<T>);
    CR_CHECK(bytes_.size() - at_ >= sizeof(T));
    T value;
    std::memcpy(&value, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }
  template <typename T>
  std::vector<T> get_all() {
    const auto count = get<size_t>();
    CR_CHECK((bytes_.size() - at_) / sizeof(T) >= count);
    std::vector<T> values(count);
    if (count != 0) std::memcpy(static_cast<void*>(values.data()), bytes_.data() + at_, count * sizeof(T));
    at_ += count * sizeof(T);
    return values;
  }
  std::string get_text() {
    const std::vector<char> text = get_all<char>();
    return {text.begin(), text.end()};
  }

 private:
  std::vector<std::byte> bytes_;
  size_t at_ = 0;
};

}  // namespace cr::trace
