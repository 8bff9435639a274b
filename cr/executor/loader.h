// The first program of a restored task: a one-page static ELF file, built in memory, that maps an Area and
// enters it.
//
// Executing it gives the task a fresh address space of the right word size, which nothing but execve can.
#pragma once

#include <cstdint>
#include <string>

#include "cr/base/remote_addr.h"
#include "cr/base/result.h"
#include "cr/executor/program.h"

namespace cr::exec {

struct LoaderParams {
  uint64_t load_address = 0;  // one page for the loader itself; page aligned, outside the area
  int plan_fd = -1;  // a memfd that holds Area::bytes, open (not close-on-exec) in the task; stays open
  uint64_t area_base = 0;
  uint64_t area_size = 0;
  uint64_t code_size = 0;
  uint64_t entry = 0;
  uint64_t control = 0;
  uint64_t stack_top = 0;

  static LoaderParams for_list(const Area& area, uint32_t list, uint64_t load_address, int plan_fd);
};

// The exit status of a loader that could not map the area at its place.
constexpr int kLoaderCannotMap = 111;

// The bytes of the ELF file: write them into a memfd and execveat(fd, "", argv, envp, AT_EMPTY_PATH).
Result<std::string> make_loader(WordSize word_size, const LoaderParams& params);

}  // namespace cr::exec
