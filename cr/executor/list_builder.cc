#include "cr/executor/list_builder.h"

#include <algorithm>
#include <bit>

#include <linux/sched.h>

namespace cr::exec {
ListBuilder::Added& ListBuilder::Added::save(Slot slot) {
  op().slot = slot.index;
  return *this;
}

ListBuilder::Added& ListBuilder::Added::expectation(Expect expect, int64_t value) {
  op().expect = expect;
  op().expected = value;
  return *this;
}

ListBuilder::Added& ListBuilder::Added::because_text(std::string reason) {
  op().reason = static_cast<uint32_t>(list_.reasons_.size());
  list_.reasons_.push_back(std::move(reason));
  return *this;
}

Data ListBuilder::reserve(uint64_t size_bytes, uint64_t alignment) {
  CR_CHECK(std::has_single_bit(alignment) && alignment <= kMaxDataAlignment);
  std::string& data = pool_.data;
  data.resize((data.size() + alignment - 1) & ~(alignment - 1));
  const Data out{data.size(), size_bytes};
  data.resize(data.size() + size_bytes);
  return out;
}

Data ListBuilder::stash(std::span<const std::byte> bytes) {
  const Data out = reserve(bytes.size());
  if (!bytes.empty()) std::memcpy(pool_.data.data() + out.offset, bytes.data(), bytes.size());
  return out;
}

Data ListBuilder::stash_text(std::string_view text) {
  const Data out = reserve(text.size() + 1);
  std::copy(text.begin(), text.end(), pool_.data.begin() + static_cast<ptrdiff_t>(out.offset));
  return out;
}

void ListBuilder::point(Data at, Data target, Abi abi) {
  const uint8_t width = abi == Abi::k32 ? 4 : 8;
  CR_CHECK(at.size >= width);
  pool_.relocations.push_back({at.offset, width, Pool::Relocation::Target::kData, target.offset});
}

ListBuilder::Added ListBuilder::add(OpKind kind, std::span<const Arg> args) {
  CR_CHECK(args.size() <= kMaxArgs);
  Op op{};
  op.kind = kind;
  op.expect = Expect::kAny;
  op.slot = kNone;
  op.reason = kNone;
  for (size_t i = 0; i < args.size(); ++i) {
    op.arg_kinds[i] = args[i].kind;
    op.args[i] = args[i].value;
  }
  ops_.push_back(op);
  return {*this, size() - 1};
}

ListBuilder::Added ListBuilder::add(OpKind kind, std::initializer_list<Arg> args) {
  return add(kind, std::span<const Arg>(args.begin(), args.size()));
}

ListBuilder::Added ListBuilder::syscall(Abi abi, long number, std::span<const Arg> args) {
  Added added = add(OpKind::kSyscall, args);
  added.op().abi = abi;
  added.op().nr = static_cast<uint32_t>(number);
  added.ok();
  return added;
}

ListBuilder::Added ListBuilder::syscall(Abi abi, long number, std::initializer_list<Arg> args) {
  return syscall(abi, number, std::span<const Arg>(args.begin(), args.size()));
}

ListBuilder::Added ListBuilder::load32(Slot into, Data from) {
  CR_CHECK(from.size >= sizeof(uint32_t));
  Added added = add(OpKind::kLoad32, {from.offset});
  added.save(into);
  return added;
}

ListBuilder::Added ListBuilder::load64(Slot into, Data from) {
  CR_CHECK(from.size >= sizeof(uint64_t));
  Added added = add(OpKind::kLoad64, {from.offset});
  added.save(into);
  return added;
}

ListBuilder::Added ListBuilder::store32(Data into, Arg value) {
  CR_CHECK(into.size >= sizeof(uint32_t));
  return add(OpKind::kStore32, {into.offset, value});
}

ListBuilder::Added ListBuilder::store64(Data into, Arg value) {
  CR_CHECK(into.size >= sizeof(uint64_t));
  return add(OpKind::kStore64, {into.offset, value});
}

ListBuilder::Added ListBuilder::copy(Arg to, Arg from, Arg length) {
  return add(OpKind::kCopy, {to, from, length});
}

ListBuilder::Added ListBuilder::read_fully(Arg fd, Arg address, Arg length, Arg file_offset) {
  Added added = add(OpKind::kReadFully, {fd, address, length, file_offset});
  added.ok();
  return added;
}

Data ListBuilder::stash_clone_args(const CloneOptions& options) {
  struct clone_args args {};
  args.flags = options.flags;
  args.exit_signal = static_cast<uint64_t>(options.exit_signal);
  args.tls = options.tls;
  args.child_tid = options.child_tid.value;
  args.parent_tid = options.parent_tid.value;
  args.pidfd = options.pidfd.value;
  args.cgroup = options.cgroup;
  args.set_tid_size = options.set_tid.size();
  const Data out = stash(args);
  if (!options.set_tid.empty()) {
    const Data ids = stash(std::as_bytes(std::span(options.set_tid)));
    point(out.from(offsetof(struct clone_args, set_tid)), ids);
  }
  return out;
}

ListBuilder::Added ListBuilder::spawn(const ListBuilder& child, Data clone_args) {
  CR_CHECK(clone_args.size == sizeof(struct clone_args));
  pool_.relocations.push_back({clone_args.offset + offsetof(struct clone_args, stack), 8,
                               Pool::Relocation::Target::kStackOfList, child.index()});
  Added added = add(OpKind::kSpawn, {clone_args, clone_args.size, child.index()});
  added.ok();
  return added;
}

ListBuilder::Added ListBuilder::spawn(const ListBuilder& child, const CloneOptions& options) {
  return spawn(child, stash_clone_args(options));
}

ListBuilder::Added ListBuilder::trap(uint32_t tag) { return add(OpKind::kTrap, {tag}); }

ListBuilder::Added ListBuilder::sigreturn(Arg frame) {
  Added added = add(OpKind::kSigreturn, {frame});
  added.ok();  // where it cannot be done at all (hosted), coming back is the failure
  return added;
}

ListBuilder::Added ListBuilder::jump(uint32_t op_index) { return add(OpKind::kJump, {op_index}); }

std::string_view ListBuilder::reason_of(uint32_t op_index) const {
  if (op_index >= ops_.size() || ops_[op_index].reason == kNone) return {};
  return reasons_[ops_[op_index].reason];
}

std::string_view ListBuilder::conflict_of(uint32_t op_index) const {
  const auto found = conflicts_.find(op_index);
  return found == conflicts_.end() ? std::string_view() : found->second;
}

}  // namespace cr::exec
