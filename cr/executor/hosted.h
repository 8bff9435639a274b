// The interpreter inside the engine's own process: for lists that create objects which tasks inherit later.
//
// kTrap returns to the caller; kSpawn and kSigreturn are refused (result -ENOSYS).
#pragma once

#include "cr/base/result.h"
#include "cr/executor/program.h"

namespace cr::exec {

// Runs until the list is done, failed or trapped; call again to go on after a trap. Control::state tells.
void run_hosted(Control* control);

// A program laid out in this process.
class HostedProgram {
 public:
  static Result<HostedProgram> load(const Program& program);
  HostedProgram(HostedProgram&& other) noexcept;
  HostedProgram& operator=(HostedProgram&& other) noexcept;
  ~HostedProgram();

  // Done or trapped; a failed op becomes an error in words, or the conflict that it stands for.
  Result<State> run(const ListBuilder& list);
  const Control& control(uint32_t list) const;
  uint64_t value(Slot slot) const;
  std::span<std::byte> bytes(Data data);

 private:
  explicit HostedProgram(Area area) : area_(std::move(area)) {}
  Area area_;  // bytes are dropped once they are in place
  void* mapping_ = nullptr;
  uint64_t mapping_size_ = 0;
};

}  // namespace cr::exec
