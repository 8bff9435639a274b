// Several op lists and the blob, laid out into one contiguous area for one address: what is mapped into a
// task and run.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "cr/base/result.h"
#include "cr/executor/list_builder.h"

namespace cr::exec {

constexpr uint64_t kStackSize = 8192;  // per list; the interpreter needs a few hundred bytes of it

// [blob, page aligned] [controls] [stacks] [ops] [slots] [data], padded to whole pages.
// The first code_size bytes are mapped r-x, the rest rw-.
struct Area {
  std::string bytes;
  uint64_t base = 0;
  uint64_t code_size = 0;
  uint32_t list_count = 0;
  uint32_t slot_count = 0;
  uint64_t data_size = 0;
  // Offsets into bytes.
  uint64_t stacks = 0;
  uint64_t ops = 0;
  uint64_t slots = 0;
  uint64_t data = 0;
  std::vector<uint32_t> reason_counts;  // per list

  uint64_t size() const { return bytes.size(); }
  uint64_t entry() const { return base; }  // rdi = control, rsp = that control's stack top
  uint64_t control(uint32_t list) const { return base + code_size + list * sizeof(Control); }
  uint64_t stack_top(uint32_t list) const { return base + stacks + (list + 1) * kStackSize; }
  uint64_t address_of(Slot slot) const { return base + slots + slot.index * sizeof(uint64_t); }
  uint64_t address_of(Data where) const { return base + data + where.offset; }
  // Does [address, address + length) touch the area? What a program must neither map over nor unmap itself.
  bool overlaps(uint64_t address, uint64_t length) const {
    return length != 0 && address < base + size() && (address >= base || base - address < length);
  }
  bool contains(uint64_t address, uint64_t length) const {
    return address >= base && length <= size() && address - base <= size() - length;
  }
};

class Program {
 public:
  Program() : pool_(std::make_unique<Pool>()) {}

  // The reference stays good for the life of the program, also when the program is moved.
  ListBuilder& add_list(std::string name);
  const ListBuilder& list(uint32_t index) const { return lists_.at(index); }
  ListBuilder& list(uint32_t index) { return lists_.at(index); }
  uint32_t list_count() const { return static_cast<uint32_t>(lists_.size()); }
  const Pool& pool() const { return *pool_; }

  // Whole pages the area will take, to look for a place for it. Changes with everything added.
  uint64_t size() const;
  // Requires: base is page aligned. An Internal error if a list uses the 32-bit ABI with data that would lie
  // above 4 GiB.
  Result<Area> lay_out(uint64_t base) const;

 private:
  std::unique_ptr<Pool> pool_;
  std::deque<ListBuilder> lists_;
};

}  // namespace cr::exec
