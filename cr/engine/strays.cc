#include "cr/engine/strays.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "cr/sys/process.h"

namespace cr::engine {
namespace {

using kinds::AddressRange;
using kinds::ProcessPlan;
using kinds::SearchedPages;

constexpr uint64_t kRedZone = 128;  // below the stack pointer, for leaf functions (the psABI of x86-64)

bool is_stray(const ProcessPlan& process, uint64_t address) {
  return std::ranges::any_of(process.no_addresses,
                             [address](const AddressRange& range) { return range.has(address); });
}

AddressRange in_use(const SearchedPages& searched, const ProcessPlan& process) {
  uint64_t lowest = searched.mapping.end;
  for (const auto& [tid, departure] : process.departures)
    if (searched.mapping.has(departure.registers.rsp))
      lowest = std::min<uint64_t>(lowest, departure.registers.rsp);
  if (lowest == searched.mapping.end) return searched.pages;
  constexpr uint64_t kWord = 8;
  const uint64_t from = std::max(searched.pages.start, (lowest - kRedZone) & ~(kWord - 1));
  return {std::min(from, searched.pages.end), searched.pages.end};
}

class Search {
 public:
  explicit Search(const ProcessPlan& process) : process_(process), buffer_(kAtOnce) {}

  Result<void> look_through(AddressRange range) {
    // Pieces overlap by what is looked at together.
    constexpr uint64_t kTogether = 3 * sizeof(uint64_t);
    while (range.end - range.start >= kTogether) {
      const auto bytes = std::span(buffer_).first(std::min<uint64_t>(kAtOnce, range.end - range.start));
      CR_TRY(sys::read_memory(process_.pid, {range.start}, bytes));
      CR_TRY(process_.word_size == WordSize::k32 ? look_at<uint32_t>(range.start, bytes)
                                                 : look_at<uint64_t>(range.start, bytes));
      range.start += bytes.size() - (kTogether - sizeof(uint64_t));
    }
    return {};
  }

 private:
  static constexpr size_t kAtOnce = 1 << 20;

  // Of the registers that a frame saves, the instruction pointer has these behind it (asm/sigcontext.h): for
  // 64-bit code eflags, and the segments in one word; for 32-bit code the code segment, then eflags.
  template <typename Word>
  static bool saved_with(const std::array<Word, 3>& words) {
    constexpr uint64_t kAlways = 0x202,
                       kNever = ~uint64_t{0x3fffff};  // interrupts are on; all flags there are
    const uint64_t flags = sizeof(Word) == 8 ? words[1] : words[2],
                   segments = sizeof(Word) == 8 ? words[2] : words[1];
    return (flags & kAlways) == kAlways && (flags & kNever) == 0 &&
           ((segments & 0xffff) == 0x33 || (segments & 0xffff) == 0x23);
  }

  template <typename Word>
  Result<void> look_at(uint64_t address, std::span<const std::byte> bytes) const {
    const AddressRange all{process_.no_addresses.front().start, process_.no_addresses.back().end};
    std::array<Word, 3> words;
    for (size_t at = 0; at + sizeof(words) <= bytes.size(); at += sizeof(Word)) {
      std::memcpy(&words, bytes.data() + at, sizeof(words));
      if (!all.has(words[0]) || !is_stray(process_, words[0]) || !saved_with(words)) continue;
      return fail(ErrorKind::kConflict,
                  "the frame of a signal handler saved {:#x} at {:#x}, in the middle of a function of the "
                  "task's vdso; "
                  "a kernel with another vdso cannot go on there",
                  words[0], address + at);
    }
    return {};
  }

  const ProcessPlan& process_;
  std::vector<std::byte> buffer_;
};

}  // namespace

Result<void> check_stray_threads(const kinds::Plan& plan) {
  for (const auto& [pid, process] : plan.processes)
    for (const auto& [tid, departure] : process.departures)
      if (is_stray(process, departure.registers.rip))
        return fail(ErrorKind::kConflict,
                    "pid {}: thread {} stands in the middle of its vdso, and this kernel has another one",
                    pid, tid);
  return {};
}

Result<void> check_stray_frames(const ProcessPlan& process) {
  if (process.no_addresses.empty()) return {};
  Search search(process);
  for (const SearchedPages& searched : process.searched)
    CR_TRY(search.look_through(in_use(searched, process)));
  return {};
}

}  // namespace cr::engine
