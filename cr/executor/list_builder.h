// Writes one op list. Pure: nothing runs, nothing is mapped, no address of this process gets in.
//
//   Program program;
//   ListBuilder& list = program.add_list("pid 812");
//   const Slot fd = list.fresh_slot();
//   list.syscall(Abi::k64, SYS_openat, {AT_FDCWD, list.stash_text(path), O_RDONLY}).save(fd).because("open
//   {}", path);
#pragma once

#include <concepts>
#include <cstring>
#include <initializer_list>
#include <map>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include "cr/base/remote_addr.h"
#include "cr/base/result.h"
#include "cr/executor/ops.h"

namespace cr::exec {

// A 64-bit variable of the program, zero at the start. Every list of the program may use it: a forked child
// sees the values its parent had at the fork, a thread sees the same slot as its siblings.
struct Slot {
  uint32_t index = kNone;
};

constexpr uint64_t kMaxDataAlignment = 64;  // what an XSAVE image needs

// A piece of the program's data: an offset now, an address once the program is laid out.
struct Data {
  uint64_t offset = 0;
  uint64_t size = 0;

  // The part that starts `skip` bytes later. Requires: skip <= size.
  Data from(uint64_t skip) const {
    CR_CHECK(skip <= size);
    return {offset + skip, size - skip};
  }
};

template <typename T>
concept Number = std::integral<T> || std::is_enum_v<T>;

// A struct or an array of numbers. Not a view: its pointer would be stashed, and not what it shows.
template <typename T>
concept PlainValue = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T> && !std::ranges::view<T>;

// An argument of an op: a number, an address in the task, a slot's value, or the address of stashed data.
struct Arg {
  ArgKind kind = ArgKind::kLiteral;
  uint64_t value = 0;

  Arg() = default;
  template <Number T>
  Arg(T number) : value(static_cast<uint64_t>(static_cast<int64_t>(number))) {}
  Arg(uint64_t number) : value(number) {}
  Arg(RemoteAddr address) : value(address.value) {}
  Arg(Slot slot) : kind(ArgKind::kSlot), value(slot.index) {}
  Arg(Data data) : kind(ArgKind::kData), value(data.offset) {}
  Arg(std::nullptr_t) {}
  template <typename T>
  Arg(T*) = delete;  // a pointer of this process means nothing in the task
};

// What the lists of one program share. Owned by Program.
struct Pool {
  // At lay-out, the address of something is written into the data.
  struct Relocation {
    enum class Target : uint8_t { kData, kStackOfList };
    uint64_t at = 0;    // data offset of the pointer
    uint8_t width = 8;  // 4 for structs of the 32-bit ABI
    Target target = Target::kData;
    uint64_t value = 0;  // data offset, or list index
  };
  std::string data;
  uint32_t slots = 0;
  std::vector<Relocation> relocations;
};

struct CloneOptions {
  uint64_t flags = 0;  // CLONE_*; the exit signal apart
  int exit_signal = 0;
  std::vector<int> set_tid;  // innermost pid namespace first; empty: the kernel chooses
  uint64_t tls = 0;
  RemoteAddr child_tid;
  RemoteAddr parent_tid;
  RemoteAddr pidfd;
  uint64_t cgroup = 0;
};

class ListBuilder {
 public:
  // The op just added, to say more about it. Without a word, an op must succeed (Expect::kOk).
  class Added {
   public:
    Added& ok() { return expectation(Expect::kOk, 0); }
    Added& any() { return expectation(Expect::kAny, 0); }
    Added& expect(int64_t value) { return expectation(Expect::kEqual, value); }
    Added& save(Slot slot);
    // What this op is for, as said to the user when it fails: "rlimit 7", "map /usr/bin/x at 55d0..".
    template <typename... Args>
    Added& because(fmt::format_string<Args...> format, Args&&... args) {
      return because_text(fmt::format(format, std::forward<Args>(args)...));
    }
    Added& because_text(std::string reason);
    // Another result than the expected one, and no error: the place is not as it must be. What is to be said
    // then, and what to do about it. Only lists in the engine's own process tell (hosted.h).
    template <typename... Args>
    Added& or_conflict(fmt::format_string<Args...> format, Args&&... args) {
      list_.conflicts_[index_] = fmt::format(format, std::forward<Args>(args)...);
      return *this;
    }
    uint32_t index() const { return index_; }

   private:
    friend class ListBuilder;
    Added(ListBuilder& list, uint32_t index) : list_(list), index_(index) {}
    Added& expectation(Expect expect, int64_t value);
    Op& op() { return list_.ops_[index_]; }

    ListBuilder& list_;
    uint32_t index_;
  };

  ListBuilder(Pool& pool, uint32_t index, std::string name)
      : pool_(pool), index_(index), name_(std::move(name)) {}
  ListBuilder(const ListBuilder&) = delete;
  ListBuilder& operator=(const ListBuilder&) = delete;

  // --- variables and data
  // -------------------------------------------------------------------------------------
  Slot fresh_slot() { return {pool_.slots++}; }
  Data stash(std::span<const std::byte> bytes);
  Data stash_text(std::string_view text);  // with a final NUL, for paths
  template <PlainValue T>
  Data stash(const T& value) {
    return stash(std::as_bytes(std::span<const T, 1>(&value, 1)));
  }
  // Zeroes. Requires: alignment is a power of two, at most kMaxDataAlignment.
  Data reserve(uint64_t size_bytes, uint64_t alignment = 16);
  // Lay-out writes the address of `target` into the first 8 (4 for the 32-bit ABI) bytes of `at`: for iovec,
  // msghdr, sock_fprog, argv and their like.
  void point(Data at, Data target, Abi abi = Abi::k64);

  // --- ops
  // ----------------------------------------------------------------------------------------------------
  Added syscall(Abi abi, long number, std::initializer_list<Arg> args);
  Added syscall(Abi abi, long number, std::span<const Arg> args);
  Added load32(Slot into, Data from);
  Added load64(Slot into, Data from);
  Added store32(Data into, Arg value);
  Added store64(Data into, Arg value);
  Added copy(Arg to, Arg from, Arg length);
  Added read_fully(Arg fd, Arg address, Arg length, Arg file_offset);
  // clone3 as `options` say; the child runs `child` on that list's own stack. The parent's result is the
  // child's id.
  Added spawn(const ListBuilder& child, const CloneOptions& options);
  // The same with a struct clone_args of the caller's (for fields known only at run time: store64 into it
  // first). Its stack fields are set by the lay-out.
  Added spawn(const ListBuilder& child, Data clone_args);
  Data stash_clone_args(const CloneOptions& options);
  Added trap(uint32_t tag = 0);
  // `frame` is what the stack pointer is set to: the address of the ucontext of a 64-bit signal frame.
  Added sigreturn(Arg frame);
  Added jump(uint32_t op_index);

  // The ops from here on run after the first failure (and in the ordinary course, if the list gets here):
  // what brings an agent home. A second failure stops the list; the first one stays on record.
  void on_failure_here() { on_failure_ = size(); }

  // --- what was written
  // ---------------------------------------------------------------------------------------
  uint32_t index() const { return index_; }
  const std::string& name() const { return name_; }
  uint32_t size() const { return static_cast<uint32_t>(ops_.size()); }
  const std::vector<Op>& ops() const { return ops_; }
  const std::vector<std::string>& reasons() const { return reasons_; }
  uint32_t on_failure() const { return on_failure_; }
  std::string_view reason_of(uint32_t op_index) const;
  // What or_conflict() said of this op; empty without.
  std::string_view conflict_of(uint32_t op_index) const;

 private:
  Added add(OpKind kind, std::initializer_list<Arg> args);
  Added add(OpKind kind, std::span<const Arg> args);

  Pool& pool_;
  uint32_t index_;
  std::string name_;
  std::vector<Op> ops_;
  std::vector<std::string> reasons_;
  std::map<uint32_t, std::string> conflicts_;  // by op
  uint32_t on_failure_ = kNone;
};

}  // namespace cr::exec
