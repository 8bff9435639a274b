// Records that stay messages of their type (CR_FUZZ_RECORD), mostly.
#include <memory>

#include "cr/kinds/shape.h"
#include "fuzz/mutation/message.h"
#include "fuzz/mutation/mutator.h"

namespace fuzz {

std::string mutate_input(std::span<const std::byte> input, size_t most, std::mt19937_64& random,
                         const ChangeBytes& change_bytes) {
  const std::unique_ptr<google::protobuf::Message> message(cr::kinds::prototype_of(CR_FUZZ_RECORD)->New());
  if (random() % 8 != 0 && message->ParsePartialFromArray(input.data(), static_cast<int>(input.size()))) {
    do mutate(*message, random);
    while (random() % 3 == 0);
    std::string changed = message->SerializePartialAsString();
    if (changed.size() <= most) return changed;
  }
  std::string changed(reinterpret_cast<const char*>(input.data()), input.size());
  changed.resize(most);
  changed.resize(change_bytes(reinterpret_cast<uint8_t*>(changed.data()), input.size(), most));
  return changed;
}

}  // namespace fuzz
