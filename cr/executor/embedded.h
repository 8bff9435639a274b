// The code that runs in tasks, as bytes of the engine.
#pragma once

#include <string_view>

namespace cr::exec {

extern "C" {
extern const char cr_exec_blob_begin[], cr_exec_blob_end[];
extern const char cr_exec_loader_begin[], cr_exec_loader_end[];
}

inline std::string_view blob_code() {
  return {cr_exec_blob_begin, static_cast<size_t>(cr_exec_blob_end - cr_exec_blob_begin)};
}
inline std::string_view loader_code() {
  return {cr_exec_loader_begin, static_cast<size_t>(cr_exec_loader_end - cr_exec_loader_begin)};
}

}  // namespace cr::exec
