// What the engines' glue (libfuzzer.cc, afl.cc) asks of a target's mutator: of_image.cc, of_record.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <string>

namespace fuzz {

// Changes some bytes of the buffer's first `size`, which may become up to `most`; returns how many there are
// then.
using ChangeBytes = std::function<size_t(uint8_t* data, size_t size, size_t most)>;

// A changed copy of at most `most` bytes.
std::string mutate_input(std::span<const std::byte> input, size_t most, std::mt19937_64& random,
                         const ChangeBytes& change_bytes);

}  // namespace fuzz
