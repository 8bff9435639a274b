#include "cr/core/segments.h"

#include <sys/mman.h>

#include <algorithm>

#include "cr/base/numbers.h"

namespace cr::core {
namespace {

using engine::Stretch;
using kinds::Vma;
using Source = Stretch::Source;

// How much of a stretch is wanted, from its beginning.
class Filter {
 public:
  Filter(const Vma& vma, std::span<const Stretch> stretches, bool elf_header) : elf_header_(elf_header) {
    dont_dump_ =
        std::find(vma.advice().begin(), vma.advice().end(), uint32_t{MADV_DONTDUMP}) != vma.advice().end();
    written_to_ = !vma.shared() && std::any_of(stretches.begin(), stretches.end(),
                                               [](const Stretch& e) { return e.source == Source::kPages; });
  }

  uint64_t wanted(const Stretch& stretch, bool first) const {
    if (dont_dump_ || !stretch.known()) return 0;
    if (stretch.source != Source::kFile || written_to_) return stretch.size();
    return first && elf_header_ ? kPageSize : 0;
  }

 private:
  bool elf_header_, dont_dump_, written_to_;
};

class Cutter {
 public:
  explicit Cutter(const Vma& vma) : vma_(vma) {}

  void contents(uint64_t from, uint64_t to) {
    const bool gap = !segments_.empty() && segments_.back().start + segments_.back().contents != from;
    if (segments_.empty() || gap) open(from);
    segments_.back().contents = to - segments_.back().start;
    segments_.back().end = to;
  }
  void nothing(uint64_t from, uint64_t to) {
    if (segments_.empty()) open(from);
    segments_.back().end = to;
  }
  std::vector<Segment> take() { return std::move(segments_); }

 private:
  void open(uint64_t at) {
    // The kernel's data before the vdso set the protection of the mapping; its code can be executed.
    const bool code = vma_.backing() == Vma::VDSO && at != vma_.start();
    segments_.push_back({at, at, 0, code ? PROT_READ | PROT_EXEC : vma_.protection()});
  }

  const Vma& vma_;
  std::vector<Segment> segments_;
};

}  // namespace

bool may_show_elf_header(const Vma& vma, std::span<const Stretch> stretches) {
  return vma.backing() == Vma::FILE && !vma.shared() && vma.offset() == 0 &&
         (vma.protection() & PROT_READ) != 0 && !stretches.empty() &&
         stretches.front().source == Source::kFile;
}

std::vector<Segment> segments_of(const Vma& vma, std::span<const Stretch> stretches, bool elf_header) {
  const Filter filter(vma, stretches, elf_header);
  Cutter cutter(vma);
  for (size_t i = 0; i < stretches.size(); ++i) {
    const Stretch& stretch = stretches[i];
    uint64_t wanted = filter.wanted(stretch, i == 0);
    if (stretch.source == Source::kZero) {
      // Zeros are worth their place only where they are short and between contents of one segment.
      const bool between = i != 0 && filter.wanted(stretches[i - 1], i == 1) == stretches[i - 1].size() &&
                           i + 1 < stretches.size() && filter.wanted(stretches[i + 1], false) != 0;
      if (!between || stretch.size() >= kLongHole) wanted = 0;
    }
    if (wanted != 0) cutter.contents(stretch.start, stretch.start + wanted);
    if (wanted != stretch.size()) cutter.nothing(stretch.start + wanted, stretch.end);
  }
  return cutter.take();
}

}  // namespace cr::core
