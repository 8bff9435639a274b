#include "cr/proc/auxv.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

namespace cr::proc {
namespace {

template <typename Word>
Result<std::vector<AuxEntry>> parse_words(std::string_view bytes) {
  std::vector<AuxEntry> entries;
  // The kernel may pad with zeros after AT_NULL: of a 32-bit task it looks for the end in steps of 64-bit
  // words.
  for (size_t at = 0; at + 2 * sizeof(Word) <= bytes.size(); at += 2 * sizeof(Word)) {
    Word pair[2];
    std::memcpy(pair, bytes.data() + at, sizeof(pair));
    if (pair[0] == AT_NULL) return entries;
    entries.push_back({pair[0], pair[1]});
  }
  if (bytes.empty()) return entries;
  return fail(ErrorKind::kSystem, "auxv of {} bytes: expected AT_NULL after {} entries of {} bits",
              bytes.size(), entries.size(), 8 * sizeof(Word));
}

}  // namespace

Result<std::vector<AuxEntry>> parse_auxv(std::string_view bytes, WordSize word_size) {
  return word_size == WordSize::k64 ? parse_words<uint64_t>(bytes) : parse_words<uint32_t>(bytes);
}

std::optional<uint64_t> find_aux(const std::vector<AuxEntry>& auxv, uint64_t type) {
  const auto found = std::ranges::find(auxv, type, &AuxEntry::type);
  if (found == auxv.end()) return std::nullopt;
  return found->value;
}

}  // namespace cr::proc
