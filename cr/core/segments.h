// Which memory goes into a core file: stretches become loadable segments. Pure.
#pragma once

#include <span>
#include <vector>

#include "cr/engine/memory_view.h"

namespace cr::core {

// One program header: `contents` bytes in the file, the rest up to `end` only announced. Debuggers take that
// rest from the mapped file, or for zero where there is none.
struct Segment {
  uint64_t start = 0, end = 0;
  uint64_t contents = 0;    // bytes from `start` on
  uint32_t protection = 0;  // PROT_*
};

// Zeros that end a segment instead of being written: long holes would make files too large for their system.
constexpr uint64_t kLongHole = 1 << 20;

// Does the first page tell debuggers which file is mapped? Asked of what might, by the kernel's rule: the
// readable beginning of a private mapping of a file (fs/coredump.c, vma_dump_size).
bool may_show_elf_header(const kinds::Vma& vma, std::span<const engine::Stretch> stretches);

// The segments of one mapping, at least one. What is in them follows the kernel's default coredump_filter:
// anonymous memory, private file mappings that were written to, the first page of others if `elf_header`, the
// vdso; not what madvise(MADV_DONTDUMP) excludes, and nothing that nobody has.
std::vector<Segment> segments_of(const kinds::Vma& vma, std::span<const engine::Stretch> stretches,
                                 bool elf_header);

}  // namespace cr::core
