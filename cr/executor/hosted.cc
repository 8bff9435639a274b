#include "cr/executor/hosted.h"

#include <sys/mman.h>

#include <utility>

#include "cr/executor/check.h"
#include "cr/executor/interpreter.h"
#include "cr/executor/text.h"

namespace cr::exec {
namespace {

template <typename T>
T* local(uint64_t address) {
  return reinterpret_cast<T*>(address);
}

}  // namespace

void run_hosted(Control* control) { cr_exec_interpret(control); }

Result<HostedProgram> HostedProgram::load(const Program& program) {
  const uint64_t size = program.size();
  // Low, so that ops of the 32-bit ABI can point into it.
  void* const mapping =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (mapping == MAP_FAILED) return fail_errno("map {} bytes for a program", size);
  HostedProgram hosted((Area()));
  hosted.mapping_ = mapping;
  hosted.mapping_size_ = size;

  hosted.area_ = CR_TRY(program.lay_out(reinterpret_cast<uint64_t>(mapping)));
  CR_TRY(check(hosted.area_));
  std::memcpy(mapping, hosted.area_.bytes.data(), hosted.area_.bytes.size());
  hosted.area_.bytes = std::string();
  return hosted;
}

HostedProgram::HostedProgram(HostedProgram&& other) noexcept
    : area_(std::move(other.area_)),
      mapping_(std::exchange(other.mapping_, nullptr)),
      mapping_size_(std::exchange(other.mapping_size_, 0)) {}

HostedProgram& HostedProgram::operator=(HostedProgram&& other) noexcept {
  std::swap(area_, other.area_);
  std::swap(mapping_, other.mapping_);
  std::swap(mapping_size_, other.mapping_size_);
  return *this;
}

HostedProgram::~HostedProgram() {
  if (mapping_ != nullptr) ::munmap(mapping_, mapping_size_);
}

Result<State> HostedProgram::run(const ListBuilder& list) {
  Control* const control = local<Control>(area_.control(list.index()));
  run_hosted(control);
  if (control->failed_op == kNone) return control->state;
  const std::string_view conflict = list.conflict_of(control->failed_op);
  if (!conflict.empty() && !is_error(control->result)) return fail(ErrorKind::kConflict, "{}", conflict);
  return fail(ErrorKind::kSystem, "{}", describe_failure(list, control->failed_op, control->result));
}

const Control& HostedProgram::control(uint32_t list) const {
  CR_CHECK(list < area_.list_count);
  return *local<const Control>(area_.control(list));
}

uint64_t HostedProgram::value(Slot slot) const {
  CR_CHECK(slot.index < area_.slot_count);
  return *local<const uint64_t>(area_.address_of(slot));
}

std::span<std::byte> HostedProgram::bytes(Data data) {
  CR_CHECK(data.offset <= area_.data_size && data.size <= area_.data_size - data.offset);
  return {local<std::byte>(area_.address_of(data)), data.size};
}

}  // namespace cr::exec
