// An input as a file that can be opened, in memory only.
#pragma once

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "cr/sys/fd.h"

namespace fuzz {

inline cr::sys::UniqueFd file_of(const void* data, size_t size) {
  cr::sys::UniqueFd fd(::memfd_create("image", MFD_CLOEXEC));
  if (!fd.valid() || ::pwrite(fd.get(), data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  return fd;
}

// Its name, for as long as the descriptor is open.
inline std::string path_of(const cr::sys::UniqueFd& fd) { return fmt::format("/proc/self/fd/{}", fd.get()); }

}  // namespace fuzz
