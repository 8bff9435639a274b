// /proc/PID/auxv in either word size (the first byte chooses): entries written down again are read the same.
#include "cr/proc/auxv.h"

#include <cstring>
#include <string>

#include "fuzz/fuzz.h"

namespace {

template <typename Word>
std::string bytes_of(const std::vector<cr::proc::AuxEntry>& entries) {
  std::string bytes;
  const auto add = [&bytes](uint64_t value) {
    const auto word = static_cast<Word>(value);
    bytes.append(reinterpret_cast<const char*>(&word), sizeof(word));
  };
  for (const auto& entry : entries) {
    add(entry.type);
    add(entry.value);
  }
  add(0);
  add(0);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > fuzz::kMaxText) return -1;
  const bool wide = (data[0] & 1) != 0;
  const cr::WordSize word_size = wide ? cr::WordSize::k64 : cr::WordSize::k32;
  const auto entries = cr::proc::parse_auxv(fuzz::as_text(data + 1, size - 1), word_size);
  if (!entries) return 0;
  const auto again =
      cr::proc::parse_auxv(wide ? bytes_of<uint64_t>(*entries) : bytes_of<uint32_t>(*entries), word_size);
  FUZZ_REQUIRE(again.has_value() && *again == *entries);
  if (!entries->empty()) {
    FUZZ_REQUIRE(cr::proc::find_aux(*entries, entries->front().type) == entries->front().value);
  }
  return 0;
}
