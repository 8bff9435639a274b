// Programs of the executor over a kernel that answers anything: what check() lets through touches nothing but
// its area, comes to an end, and says how.
#include <sys/mman.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <span>

#include "cr/executor/check.h"
#include "cr/executor/hosted.h"
#include "cr/executor/kernel_entry.h"
#include "fuzz/fuzz.h"
#include "fuzz/program_input.h"

namespace {

using cr::exec::Area;
using cr::exec::ArgKind;
using cr::exec::Control;
using cr::exec::Op;
using cr::exec::OpKind;
using cr::exec::State;

// Stands in for kernel_entry.S, which is then not linked. Its answers depend on the question alone; a read is
// answered in pieces, interrupted, refused or cut short.
uint64_t asked = 0;
int64_t answer(uint64_t number, const uint64_t* args) {
  uint64_t mixed = number * 0x9e3779b97f4a7c15 + ++asked;
  for (int i = 0; i < cr::exec::kMaxArgs; ++i) mixed = (mixed ^ args[i]) * 0xff51afd7ed558ccd;
  mixed ^= mixed >> 29;
  switch (mixed % 4) {
    case 0:
      return -static_cast<int64_t>(1 + mixed / 4 % 133);
    case 1:
      return static_cast<int64_t>(mixed);
    default:
      // No more than was asked for, as of a read; at least something, so that there is progress.
      return static_cast<int64_t>(args[2] == 0 ? 0 : 1 + args[2] / (1 + mixed / 4 % 4) % args[2]);
  }
}

// What copies do outside of the area is the plan's business, and loops are nobody's.
bool is_tame(const Area& area, const Op& op, uint32_t index) {
  if (op.kind == OpKind::kJump) return op.args[0] > index;
  if (op.kind == OpKind::kReadFully) return op.arg_kinds[2] == ArgKind::kLiteral && op.args[2] < 1 << 16;
  if (op.kind != OpKind::kCopy) return true;
  return op.arg_kinds[0] == ArgKind::kData && op.arg_kinds[1] == ArgKind::kData &&
         op.arg_kinds[2] == ArgKind::kLiteral && op.args[2] <= area.data_size;
}

template <typename T>
T at(const Area& area, uint64_t address) {
  T value;
  std::memcpy(&value, area.bytes.data() + (address - area.base), sizeof(value));
  return value;
}

bool all_tame(const Area& area) {
  for (uint32_t list = 0; list < area.list_count; ++list) {
    const auto control = at<Control>(area, area.control(list));
    for (uint32_t i = 0; i < control.op_count; ++i)
      if (!is_tame(area, at<Op>(area, control.ops + i * sizeof(Op)), i)) return false;
  }
  return true;
}

// The area with nothing mapped on either side; code and ops cannot be written.
class Memory {
 public:
  explicit Memory(const Area& area) : size_(area.size()) {
    void* const wanted = reinterpret_cast<void*>(area.base);
    if (::mmap(wanted, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
               0) != wanted)
      std::abort();
    std::memcpy(wanted, area.bytes.data(), size_);
  }
  ~Memory() { ::munmap(reinterpret_cast<void*>(fuzz::kProgramBase), size_); }

 private:
  uint64_t size_;
};

void run(const Area& area, uint32_t list) {
  auto* const control = reinterpret_cast<Control*>(area.control(list));
  const uint32_t ops = control->op_count;
  for (uint32_t traps = 0; traps <= 2 * ops + 1; ++traps) {
    cr::exec::run_hosted(control);
    if (control->state != State::kTrapped) break;
  }
  FUZZ_REQUIRE(control->state == State::kDone || control->state == State::kFailed);
  FUZZ_REQUIRE(control->next <= ops);
  FUZZ_REQUIRE((control->state == State::kDone) || control->failed_op < ops);
}

}  // namespace

extern "C" int64_t cr_exec_syscall64(uint64_t number, const uint64_t* args) { return answer(number, args); }
extern "C" int64_t cr_exec_syscall32(uint64_t number, const uint64_t* args) {
  return answer(number + 1000, args);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto area = fuzz::from_input(data, size);
  if (!area) return -1;
  if (!cr::exec::check(*area) || !all_tame(*area)) return 0;
  asked = 0;
  const Memory memory(*area);
  for (uint32_t list = 0; list < area->list_count; ++list) run(*area, list);
  return 0;
}
