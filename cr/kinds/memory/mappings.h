// What each VMA of a frozen process is, as a record; and what of it cannot be carried.
#pragma once

#include <map>

#include "cr/kinds/collector.h"
#include "cr/kinds/memory/memory.pb.h"
#include "cr/kinds/memory/pages.h"
#include "cr/kinds/tree_view.h"

namespace cr::kinds {

// Shared anonymous memory is one object per inode of the kernel's internal tmpfs, whoever maps it.
class SharedObjects {
 public:
  using Key = std::pair<uint64_t, uint64_t>;  // device and inode
  static Key key_of(const proc::Vma& vma) {
    return {uint64_t{vma.dev_major} << 32 | vma.dev_minor, vma.inode};
  }

  struct Object {
    uint64_t id = 0;
    pid_t pid = 0;  // somebody who maps it
    PageRange where;
  };
  uint64_t id_of(const proc::Vma& vma, pid_t pid);
  const std::map<Key, Object>& all() const { return objects_; }

 private:
  std::map<Key, Object> objects_;
};

Result<void> describe_mappings(const ProcessView& process, SharedObjects& shared, AddressSpace& out,
                               Collector& collector);

}  // namespace cr::kinds
