#include "cr/proc/smaps.h"

#include <array>

#include "cr/proc/text.h"

namespace cr::proc {
namespace {

constexpr std::array<std::string_view, static_cast<size_t>(VmFlag::kCount)> kNames = {
    "rd", "wr", "ex", "sh", "mr", "mw", "me", "ms", "gd", "pf", "dw", "lo", "io",
    "sr", "rr", "dc", "de", "ac", "nr", "ht", "sf", "ar", "wf", "dd", "sd", "mm",
    "hg", "nh", "mg", "bt", "mt", "um", "uw", "ui", "ss", "sl", "lf", "gu", "dp",
};

constexpr size_t slot(char first, char second) {
  return static_cast<size_t>(first - 'a') * 26 + static_cast<size_t>(second - 'a');
}

// Two letters to the flag, kCount where there is none: one load instead of a search for each of ten flags.
constexpr std::array<VmFlag, 26 * 26> make_index() {
  std::array<VmFlag, 26 * 26> index{};
  for (VmFlag& flag : index) flag = VmFlag::kCount;
  for (size_t i = 0; i < kNames.size(); ++i) index[slot(kNames[i][0], kNames[i][1])] = static_cast<VmFlag>(i);
  return index;
}
constexpr auto kIndex = make_index();

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

VmFlag flag_of(std::string_view word) {
  if (word.size() != 2 || !is_lower(word[0]) || !is_lower(word[1])) return VmFlag::kCount;
  return kIndex[slot(word[0], word[1])];
}

void read_flags(std::string_view value, SmapsVma& block) {
  Cursor cursor(value);
  for (std::string_view word; !(word = cursor.word()).empty();) {
    const VmFlag flag = flag_of(word);
    if (flag == VmFlag::kCount) {
      block.unknown_flags.emplace_back(word);
    } else {
      block.flags.set(flag);
    }
  }
}

bool read_kb(std::string_view value, uint64_t& out) {
  Cursor cursor(value);
  cursor.blanks();
  return cursor.number(out) && cursor.take(" kB") && cursor.at_end();
}

bool read_key(std::string_view value, std::optional<uint32_t>& out) {
  out = whole_number<uint32_t>(trim(value));
  return out.has_value();
}

// What every block must have, as bits, so that one cut between two lines is noticed.
enum : unsigned {
  kRss = 1,
  kAnonymous = 2,
  kSwap = 4,
  kLocked = 8,
  kKernelPageSize = 16,
  kVmFlags = 32,
  kAll = 63
};

// A line of the block; those we have no use for pass.
bool read_field(std::string_view line, SmapsVma& block, unsigned& seen) {
  Cursor cursor(line);
  const auto size = [&](std::string_view key, uint64_t& out, unsigned bit) {
    if (!cursor.take(key)) return true;
    seen |= bit;
    return read_kb(cursor.rest(), out);
  };
  switch (line.front()) {
    case 'R':
      return size("Rss:", block.rss_kb, kRss);
    case 'A':
      return size("Anonymous:", block.anonymous_kb, kAnonymous);
    case 'S':
      return size("Swap:", block.swap_kb, kSwap);
    case 'L':
      return size("Locked:", block.locked_kb, kLocked);
    case 'K':
      return size("KernelPageSize:", block.kernel_page_kb, kKernelPageSize);
    case 'P':
      return !cursor.take("ProtectionKey:") || read_key(cursor.rest(), block.protection_key);
    case 'V':
      if (cursor.take("VmFlags:")) {
        seen |= kVmFlags;
        read_flags(cursor.rest(), block);
      }
      return true;
    default:
      return true;
  }
}

Result<void> check_block(const std::vector<SmapsVma>& blocks, unsigned seen) {
  if (blocks.empty() || seen == kAll) return {};
  return fail(
      ErrorKind::kSystem,
      "smaps: mapping at {:x}: expected lines KernelPageSize, Rss, Anonymous, Swap, Locked and VmFlags",
      blocks.back().vma.start);
}

}  // namespace

std::string_view name_of(VmFlag flag) {
  CR_CHECK(flag < VmFlag::kCount);
  return kNames[static_cast<size_t>(flag)];
}

Result<std::vector<SmapsVma>> parse_smaps(std::string_view text) {
  constexpr size_t kTypicalBlock = 680;  // bytes; only to reserve
  CR_TRY(check_complete("smaps", text));
  std::vector<SmapsVma> blocks;
  blocks.reserve(text.size() / kTypicalBlock + 1);
  Lines lines(text);
  unsigned seen = 0;
  for (std::string_view line; lines.next(line);) {
    if (line.empty()) continue;
    if (begins_mapping(line)) {
      CR_TRY(check_block(blocks, seen));
      blocks.emplace_back().vma = CR_TRY(parse_maps_line(line), "smaps line {}", lines.number());
      seen = 0;
    } else if (blocks.empty()) {
      return fail(ErrorKind::kSystem, "smaps line {}: {}: expected the first line of a mapping",
                  lines.number(), quoted(line));
    } else if (!read_field(line, blocks.back(), seen)) {
      return fail(ErrorKind::kSystem, "smaps line {}: {}: expected a decimal number", lines.number(),
                  quoted(line));
    }
  }
  CR_TRY(check_block(blocks, seen));
  return blocks;
}

}  // namespace cr::proc
