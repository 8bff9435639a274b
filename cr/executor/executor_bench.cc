// What the interpreter costs on top of the system calls it makes, and what writing and laying out a plan
// costs.
#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cr/executor/check.h"
#include "cr/executor/hosted.h"

namespace cr::exec {
namespace {

constexpr int kCallsPerRun = 1000;

Program many_calls(int count) {
  Program program;
  ListBuilder& list = program.add_list("benchmark");
  const Slot slot = list.fresh_slot();
  for (int i = 0; i < count; ++i) list.syscall(Abi::k64, SYS_getppid, {1, slot, 3}).save(slot);
  list.trap();
  list.jump(0);
  return program;
}

void direct_syscalls(benchmark::State& state) {
  for (auto _ : state)
    for (int i = 0; i < kCallsPerRun; ++i) benchmark::DoNotOptimize(::syscall(SYS_getppid, 1, i, 3));
  state.SetItemsProcessed(state.iterations() * kCallsPerRun);
}
BENCHMARK(direct_syscalls)->Name("executor/direct_syscalls");

void ops_of_a_list(benchmark::State& state) {
  const Program program = many_calls(kCallsPerRun);
  auto hosted = HostedProgram::load(program).value();
  for (auto _ : state)
    if (hosted.run(program.list(0)).value() != State::kTrapped)
      state.SkipWithError("the list did not get to its end");
  state.SetItemsProcessed(state.iterations() * kCallsPerRun);
}
BENCHMARK(ops_of_a_list)->Name("executor/ops");

void write_and_lay_out(benchmark::State& state) {
  for (auto _ : state) {
    const Program program = many_calls(static_cast<int>(state.range(0)));
    benchmark::DoNotOptimize(program.lay_out(0x40000000).value());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(write_and_lay_out)->Name("executor/lay_out")->ArgName("ops")->Arg(100)->Arg(100'000);

void check_an_area(benchmark::State& state) {
  const Area area = many_calls(static_cast<int>(state.range(0))).lay_out(0x40000000).value();
  for (auto _ : state)
    if (!check(area)) state.SkipWithError("a sound area was refused");
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(check_an_area)->Name("executor/check")->ArgName("ops")->Arg(100'000);

}  // namespace
}  // namespace cr::exec
