// The memory of one process as it was at the checkpoint, read out of its image: address -> bytes.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "cr/engine/load.h"
#include "cr/engine/page_data.h"
#include "cr/kinds/memory/memory.pb.h"

namespace cr::engine {

// A stretch of memory whose bytes all come from one place.
struct Stretch {
  enum class Source {
    kPages,    // of the image
    kZero,     // never written
    kFile,     // clean pages of a mapped file that still is what it was
    kVdso,     // the kernel's code, as the image carries it
    kUnknown,  // of a file that has changed, beyond the end of a file, or the kernel's data: nobody has them
  };
  uint64_t start = 0, end = 0;  // whole pages
  Source source = Source::kUnknown;
  uint64_t where = 0;   // the object of the image, or the index of the file
  uint64_t offset = 0;  // of `start` in there

  uint64_t size() const { return end - start; }
  bool known() const { return source != Source::kUnknown; }
};

class MemoryView {
 public:
  // Requires: `image` outlives the view, and `pid` is one of its living tasks. Looks at the mapped files,
  // opens none.
  static MemoryView of(const Loaded& image, pid_t pid);

  const kinds::AddressSpace& space() const { return space_; }

  // What is mapped between two page addresses, ascending; what is not mapped is left out. Neighbours differ
  // in mapping, source or place.
  std::vector<Stretch> stretches(uint64_t start, uint64_t end) const;

  // Bytes of one stretch, or of a part of it. Conflict if a file changed since it was looked at.
  Result<void> read(const Stretch& stretch, uint64_t address, std::span<std::byte> into) const;

  // Bytes wherever they are. An address that is not mapped, or whose bytes nobody has, is a System error.
  Result<void> read(uint64_t address, std::span<std::byte> into) const;

 private:
  enum class FileState { kChanged, kSame, kZeros };

  MemoryView(const Loaded& image, const kinds::AddressSpace& space);
  void describe(const kinds::Vma& vma, uint64_t start, uint64_t end, std::vector<Stretch>& out) const;
  void describe_file(const kinds::Vma& vma, uint64_t start, uint64_t end, std::vector<Stretch>& out) const;
  void describe_object(const kinds::Vma& vma, uint64_t start, uint64_t end, std::vector<Stretch>& out) const;
  void describe_vdso(const kinds::Vma& vma, uint64_t start, uint64_t end, std::vector<Stretch>& out) const;
  Result<void> read_file(const kinds::FileIdentity& file, uint64_t offset, std::span<std::byte> into) const;

  const Loaded& image_;
  const kinds::AddressSpace& space_;
  std::vector<FileState> files_;
  std::vector<uint64_t> offsets_;                             // of the space's runs
  std::map<uint64_t, std::vector<uint64_t>> object_offsets_;  // of those of shared objects, by id
  std::unique_ptr<PageData> pages_;
};

}  // namespace cr::engine
