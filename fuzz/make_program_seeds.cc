// Writes the programs of a small plan into a directory: seeds for the target of the executor.
#include <cstdio>
#include <fstream>

#include "cr/engine/compile.h"
#include "fuzz/program_input.h"
#include "fuzz/small_tree.h"

namespace {

cr::Result<void> write(const std::string& path, const cr::exec::Program& program) {
  const std::string input = fuzz::to_input(CR_TRY(program.lay_out(fuzz::kProgramBase)));
  std::ofstream(path, std::ios::binary) << input;
  return {};
}

cr::Result<void> write_all(const std::string& folder) {
  const fuzz::SmallTree tree = fuzz::small_tree();
  const auto plan = CR_TRY(cr::engine::compile(tree.records));
  CR_TRY(write(folder + "/store", plan.store));
  for (const auto& [pid, process] : plan.processes)
    if (process.role == cr::kinds::ProcessPlan::Role::kTask)
      CR_TRY(write(fmt::format("{}/pid_{}", folder, pid), process.program));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  const auto written = write_all(argv[1]);
  if (written) return 0;
  std::fprintf(stderr, "%s\n", written.error().message().c_str());
  return 1;
}
