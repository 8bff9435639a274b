#include "cr/executor/program.h"

#include <algorithm>
#include <cstring>

#include "cr/base/numbers.h"
#include "cr/executor/embedded.h"

namespace cr::exec {
namespace {

constexpr uint64_t kFourGiB = uint64_t{1} << 32;

uint64_t align_up(uint64_t value, uint64_t alignment) { return (value + alignment - 1) & ~(alignment - 1); }

template <typename T>
void put(std::string& bytes, uint64_t offset, const T& value, uint64_t size = sizeof(T)) {
  CR_CHECK(offset <= bytes.size() && size <= bytes.size() - offset);
  std::memcpy(bytes.data() + offset, &value, size);
}

// The 32-bit ABI cuts addresses to 32 bits, so data it is told about must lie where that loses nothing.
Result<void> refuse_data_out_of_reach(const ListBuilder& list, uint64_t end) {
  if (end <= kFourGiB) return {};
  for (uint32_t i = 0; i < list.size(); ++i) {
    const Op& op = list.ops()[i];
    if (op.kind != OpKind::kSyscall || op.abi != Abi::k32) continue;
    if (std::ranges::find(op.arg_kinds, ArgKind::kData) == std::end(op.arg_kinds)) continue;
    return fail(ErrorKind::kInternal,
                "list {}: op {} hands data to the 32-bit ABI, but the area ends at {:x}, above 4 GiB",
                list.name(), i, end);
  }
  return {};
}

Result<void> relocate(const Pool& pool, Area& area) {
  for (const Pool::Relocation& relocation : pool.relocations) {
    uint64_t value = area.base + area.data + relocation.value;
    if (relocation.target == Pool::Relocation::Target::kStackOfList) {
      const auto list = static_cast<uint32_t>(relocation.value);
      // clone_args wants the lowest byte and, in the field after it, the size.
      value = area.stack_top(list) - kStackSize;
      put(area.bytes, area.data + relocation.at + sizeof(uint64_t), kStackSize);
    }
    if (relocation.width == 4 && value >= kFourGiB)
      return fail(ErrorKind::kInternal, "a 32-bit pointer in the data cannot hold {:x}", value);
    put(area.bytes, area.data + relocation.at, value, relocation.width);
  }
  return {};
}

// Everything but the bytes.
Area measure(const std::deque<ListBuilder>& lists, const Pool& pool, uint64_t base, uint64_t& size) {
  Area area;
  area.base = base;
  area.code_size = page_up(blob_code().size());
  area.list_count = static_cast<uint32_t>(lists.size());
  area.slot_count = pool.slots;
  area.data_size = pool.data.size();
  area.stacks = align_up(area.code_size + lists.size() * sizeof(Control), 16);
  area.ops = area.stacks + lists.size() * kStackSize;
  uint64_t op_count = 0;
  for (const ListBuilder& list : lists) {
    op_count += list.size();
    area.reason_counts.push_back(static_cast<uint32_t>(list.reasons().size()));
  }
  area.slots = area.ops + op_count * sizeof(Op);
  area.data = align_up(area.slots + pool.slots * sizeof(uint64_t), kMaxDataAlignment);
  // At least one writable page, so that a mapping of the part after the code is never empty.
  size = page_up(std::max(area.data + area.data_size, area.code_size + 1));
  return area;
}

}  // namespace

ListBuilder& Program::add_list(std::string name) {
  return lists_.emplace_back(*pool_, list_count(), std::move(name));
}

uint64_t Program::size() const {
  uint64_t size = 0;
  measure(lists_, *pool_, 0, size);
  return size;
}

Result<Area> Program::lay_out(uint64_t base) const {
  CR_CHECK(page_aligned(base));
  uint64_t size = 0;
  Area area = measure(lists_, *pool_, base, size);
  const auto end = checked_add(base, size);
  if (!end) return fail(ErrorKind::kInternal, "no room for {} bytes of program at {:x}", size, base);
  area.bytes.resize(size);

  area.bytes.replace(0, blob_code().size(), blob_code());
  uint64_t ops_at = area.ops;
  for (const ListBuilder& list : lists_) {
    CR_TRY(refuse_data_out_of_reach(list, *end));
    Control control{};
    control.ops = base + ops_at;
    control.slots = base + area.slots;
    control.data = base + area.data;
    control.controls = area.control(0);
    control.stack_top = area.stack_top(list.index());
    control.op_count = list.size();
    control.failed_op = kNone;
    control.on_failure = list.on_failure();
    put(area.bytes, area.control(list.index()) - base, control);
    const uint64_t ops_size = list.size() * sizeof(Op);
    if (ops_size != 0) std::memcpy(area.bytes.data() + ops_at, list.ops().data(), ops_size);
    ops_at += ops_size;
  }
  area.bytes.replace(area.data, pool_->data.size(), pool_->data);
  CR_TRY(relocate(*pool_, area));
  return area;
}

}  // namespace cr::exec
