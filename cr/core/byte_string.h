// Numbers of a given word size, one after the other, as the structs of a core file have them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "cr/base/remote_addr.h"

namespace cr::core {

class ByteString {
 public:
  explicit ByteString(WordSize word_size) : word_size_(word_size) {}

  ByteString& u8(uint64_t value) { return put(value, 1); }
  ByteString& u16(uint64_t value) { return put(value, 2); }
  ByteString& u32(uint64_t value) { return put(value, 4); }
  ByteString& u64(uint64_t value) { return put(value, 8); }
  // A long of the program: a 32-bit one keeps the lower half.
  ByteString& word(uint64_t value) { return put(value, word_bytes()); }
  ByteString& words(std::initializer_list<uint64_t> values) {
    for (const uint64_t value : values) word(value);
    return *this;
  }
  ByteString& bytes(std::string_view text) {
    bytes_.append(text);
    return *this;
  }
  // Exactly `size` bytes: cut, or filled up with zeros.
  ByteString& field(std::string_view text, size_t size) {
    bytes(text.substr(0, size));
    return zeros(size - std::min(size, text.size()));
  }
  ByteString& zeros(size_t count) {
    bytes_.append(count, '\0');
    return *this;
  }
  ByteString& align(size_t to) { return zeros((to - bytes_.size() % to) % to); }

  WordSize word_size() const { return word_size_; }
  size_t word_bytes() const { return word_size_ == WordSize::k64 ? 8 : 4; }
  size_t size() const { return bytes_.size(); }
  const std::string& str() const { return bytes_; }

 private:
  ByteString& put(uint64_t value, size_t size) {
    for (size_t i = 0; i < size; ++i) bytes_.push_back(static_cast<char>(value >> 8 * i));
    return *this;
  }

  WordSize word_size_;
  std::string bytes_;
};

}  // namespace cr::core
