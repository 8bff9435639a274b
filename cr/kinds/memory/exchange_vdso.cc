#include "cr/kinds/memory/exchange_vdso.h"

#include <algorithm>
#include <cstring>

#include "cr/base/numbers.h"
#include "cr/image/hash.h"
#include "cr/kinds/limits.h"
#include "cr/kinds/memory/memory.pb.h"
#include "cr/kinds/memory/vdso_functions.h"
#include "cr/kinds/task.pb.h"

namespace cr::kinds {
namespace {

using namespace std::string_view_literals;

// --- the code ----------------------------------------------------------------------------------------------

constexpr std::string_view kVsyscall = "__kernel_vsyscall";

// Entries of 32-bit programs into the kernel: no data, no jump.
bool enters_kernel(const VdsoFunction& function) {
  return std::ranges::any_of(function.names,
                             [](std::string_view name) { return name.starts_with("__kernel_"); });
}

// These read no data, and do on any kernel what they say. The first one enters an enclave, and there is none
// in an image, since enclaves are memory of a device. Of the others a kernel that has them knows the
// addresses: it finishes an unlock that a signal or the task's end has interrupted. On one that has none they
// unlock, and no more.
bool needs_no_kernel(const VdsoFunction& function) {
  static constexpr std::string_view kNames[] = {"__vdso_sgx_enter_enclave",
                                                "__vdso_futex_robust_list64_try_unlock",
                                                "__vdso_futex_robust_list32_try_unlock"};
  return std::ranges::any_of(kNames, [&](std::string_view name) {
    return std::ranges::find(function.names, name) != function.names.end();
  });
}

// __kernel_vsyscall() from where a call comes back to its end: a fast call comes back to the kernel's own
// vdso, whatever code it was made in (do_fast_syscall_32()). Instructions that only a processor which guesses
// ever reaches follow the last ret (int3).
std::string_view way_back(std::string_view code) {
  const size_t call = code.rfind("\xcd\x80");  // int $0x80
  if (call == std::string_view::npos) return {};
  code.remove_prefix(call + 2);
  while (code.ends_with('\xcc')) code.remove_suffix(1);
  return code;
}

template <typename T>
std::string bytes_of(T value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}

std::string jump(uint64_t from, uint64_t to, WordSize word_size) {
  // movabs $to, %rax; jmp *%rax: none of them takes anything in %rax.
  if (word_size == WordSize::k64) return "\x48\xb8" + bytes_of(to) + "\xff\xe0";
  constexpr uint32_t kLength = 5;  // jmp to: relative to the next instruction, around 4 GiB
  return "\xe9" + bytes_of(static_cast<uint32_t>(to) - static_cast<uint32_t>(from) - kLength);
}

struct PlainCall {
  std::string_view name;
  uint32_t number64, number32;  // 0: there is none in that ABI
};
// asm/unistd_64.h and asm/unistd_32.h.
constexpr PlainCall kPlainCalls[] = {
    {"__vdso_clock_gettime", 228, 265},
    {"__vdso_clock_gettime64", 0, 403},
    {"__vdso_gettimeofday", 96, 78},
    {"__vdso_clock_getres", 229, 266},
    {"__vdso_clock_getres_time64", 0, 406},
    {"__vdso_time", 201, 13},
    {"__vdso_getcpu", 309, 318},
    {"__vdso_getrandom", 318, 0},
};

// A function that does nothing but the call: three arguments at most.
std::string call_of(uint32_t number, WordSize word_size) {
  // mov $number, %eax; syscall; ret
  if (word_size == WordSize::k64) return "\xb8" + bytes_of(number) + "\x0f\x05\xc3";
  // push %ebx; mov $number, %eax; mov 8(%esp), %ebx; mov 12(%esp), %ecx; mov 16(%esp), %edx; int $0x80; pop
  // %ebx; ret
  return "\x53\xb8" + bytes_of(number) + "\x8b\x5c\x24\x08\x8b\x4c\x24\x0c\x8b\x54\x24\x10\xcd\x80\x5b\xc3";
}

// __vdso_getrandom() has two more arguments, and is asked for what it needs by a size of -1 (vgetrandom in
// lib/vdso/getrandom.c of Linux 6.11): whoever asks here is told that there is none.
// cmp $-1, %r8; jne +8; mov $-ENOSYS, %rax; ret
constexpr std::string_view kNoState = "\x49\x83\xf8\xff\x75\x08\x48\xc7\xc0\xda\xff\xff\xff\xc3"sv;

std::optional<std::string> plain(const VdsoFunction& function, WordSize word_size) {
  for (const PlainCall& known : kPlainCalls) {
    if (std::ranges::find(function.names, known.name) == function.names.end()) continue;
    const uint32_t number = word_size == WordSize::k64 ? known.number64 : known.number32;
    if (number == 0) return std::nullopt;
    const std::string call = call_of(number, word_size);
    return known.name == "__vdso_getrandom" ? std::string(kNoState) + call : call;
  }
  return std::nullopt;
}

Failure leads_nowhere(const VdsoFunction& function) {
  return fail(ErrorKind::kConflict, "its vdso has {}(), for which this kernel has nothing",
              function.names.front());
}

// --- the place ---------------------------------------------------------------------------------------------

constexpr uint64_t kLowestPlace = 0x100000;  // above mmap_min_addr

// The highest free place that takes nothing from a stack or a heap that grows.
std::optional<uint64_t> place_for(const AddressSpace& space, uint64_t size, uint64_t end) {
  const uint64_t wanted = size + 2 * kPageSize;  // and a page on either side, so that it stays apart
  uint64_t above = end;
  bool above_grows = false;
  for (int i = space.vmas_size() - 1; i >= -1; --i) {
    const uint64_t below = i < 0 ? kLowestPlace : space.vmas(i).end();
    const bool heap = i >= 0 && below == page_up(space.layout().brk());
    if (!above_grows && !heap && above >= below && above - below >= wanted) return above - size - kPageSize;
    if (i < 0) break;
    above = space.vmas(i).start();
    above_grows = space.vmas(i).grows_down();
  }
  return std::nullopt;
}

const Vma* vdso_of(const AddressSpace& space) {
  const auto found = std::ranges::find(space.vmas(), Vma::VDSO, &Vma::backing);
  return found == space.vmas().end() ? nullptr : &*found;
}

WordSize word_size_of(const Records& records, const AddressSpace& space) {
  const auto& task = *records.find<Task>(kTaskRecord, static_cast<uint64_t>(space.pid()));
  return task.word_size() == 32 ? WordSize::k32 : WordSize::k64;
}

// All places in the code where a thread can only stand in the middle of a function.
std::vector<AddressRange> inside_of(const VdsoFunctions& functions, uint64_t at) {
  std::vector<AddressRange> inside;
  uint64_t from = functions.text;
  for (const auto& [offset, function] : functions.by_offset) {
    if (from < offset) inside.push_back({at + from, at + offset});
    from = offset + (enters_kernel(function) ? function.size : 1);
  }
  if (from < functions.text_end) inside.push_back({at + from, at + functions.text_end});
  return inside;
}

Result<VdsoExchange> exchange_one(const Records& records, const AddressSpace& space, const OwnVdso& own) {
  const Vma& vma = *vdso_of(space);
  const WordSize word_size = word_size_of(records, space);
  VdsoExchange exchange;
  exchange.hash = image::hash_of(own.code);
  const uint64_t size = own.parts.back().vma.end - own.parts.front().vma.start;
  const auto place = place_for(space, size, user_end(word_size == WordSize::k32 ? 32 : 64));
  if (!place) return fail(ErrorKind::kConflict, "no {} bytes are free in its address space for a vdso", size);
  exchange.start = *place, exchange.end = *place + size;
  const std::string& code = records.find<Vdso>(kVdsoRecord, space.vdso_hash())->code();
  const uint64_t at = vma.end() - code.size();
  const std::string_view own_code(reinterpret_cast<const char*>(own.code.data()), own.code.size());
  exchange.code = CR_TRY(redirected_vdso(code, at, own_code, exchange.end - own_code.size(), word_size));
  exchange.inside = inside_of(CR_TRY(functions_of_vdso(code, word_size)), at);
  return exchange;
}

}  // namespace

Result<std::string> redirected_vdso(std::string_view code, uint64_t at, std::string_view own, uint64_t own_at,
                                    WordSize word_size) {
  const VdsoFunctions old = CR_TRY(functions_of_vdso(code, word_size));
  const VdsoFunctions here = CR_TRY(functions_of_vdso(own, word_size));
  std::string out(code);
  for (const auto& [offset, function] : old.by_offset) {
    std::optional<uint64_t> target;
    for (const std::string_view name : function.names)
      if (!target) target = here.find(name);
    if (enters_kernel(function)) {
      const auto entry = here.find(kVsyscall);
      if (std::ranges::find(function.names, kVsyscall) == function.names.end()) continue;
      const std::string_view back = way_back(code.substr(offset, function.size));
      if (back.empty() || !entry || way_back(own.substr(*entry, here.by_offset.at(*entry).size)) != back)
        return fail(ErrorKind::kConflict, "{}() of its vdso, where threads may wait, is another one here",
                    kVsyscall);
      continue;
    }
    std::optional<std::string> instead = plain(function, word_size);
    if (target) instead = jump(at + offset, own_at + *target, word_size);
    if (!instead && needs_no_kernel(function)) continue;
    if (!instead || instead->size() > function.size) return leads_nowhere(function);
    out.replace(offset, instead->size(), *instead);
  }
  return out;
}

Result<OwnVdsos> own_vdsos(const Records& records) {
  OwnVdsos own;
  for (const AddressSpace* space : records.all<AddressSpace>(kAddressSpaceRecord)) {
    if (space->vdso_hash() == 0) continue;
    const WordSize word_size = word_size_of(records, *space);
    const auto [known, is_new] = own.try_emplace(word_size);
    if (is_new) known->second = CR_TRY(own_vdso(word_size));
  }
  return own;
}

Result<VdsoExchanges> exchange_vdsos(const Records& records, const OwnVdsos& own) {
  VdsoExchanges exchanges;
  for (const AddressSpace* space : records.all<AddressSpace>(kAddressSpaceRecord)) {
    if (space->vdso_hash() == 0) continue;
    const std::optional<OwnVdso>& here = own.at(word_size_of(records, *space));
    if (!here)
      return fail(ErrorKind::kConflict,
                  "pid {}: it has a vdso, and this kernel gives none that can be looked at", space->pid());
    if (image::hash_of(here->code) == space->vdso_hash()) continue;
    exchanges.emplace(space->pid(), CR_TRY(exchange_one(records, *space, *here), "pid {}", space->pid()));
  }
  return exchanges;
}

}  // namespace cr::kinds
