// Runs a fuzz target over files instead of searching: seeds and regressions stay tested by every compiler.
// usage: fuzz_TARGET [--whole] FILE|FOLDER...     --whole: not also every way to cut them short
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/fuzz.h"

namespace {

using Bytes = std::vector<char>;

void run(const Bytes& input, size_t size) {
  // A copy of exactly that size, so that a sanitizer sees a read behind the end.
  const std::vector<uint8_t> exact(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

size_t replay_file(const std::filesystem::path& path, bool cut) {
  std::ifstream in(path, std::ios::binary);
  const Bytes input{std::istreambuf_iterator<char>(in), {}};
  std::fprintf(stderr, "%s\n", path.c_str());
  run(input, input.size());
  if (!cut) return 1;
  // Every way to cut it short, too: what a reader gets from a file that changes under it.
  const size_t step = 1 + input.size() / 2000;
  for (size_t size = 0; size < input.size(); size += step) run(input, size);
  return 1;
}

size_t replay(const std::filesystem::path& path, bool cut) {
  if (!std::filesystem::is_directory(path)) return replay_file(path, cut);
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path)) files += replay_file(entry.path(), cut);
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    size_t files = 0;
    const bool whole = argc > 1 && std::string_view(argv[1]) == "--whole";
    for (int i = whole ? 2 : 1; i < argc; i++) files += replay(argv[i], !whole);
    std::fprintf(stderr, "%zu inputs replayed\n", files);
    return files == 0 ? 1 : 0;  // nothing replayed is nothing tested
  } catch (const std::exception& error) {
    std::fprintf(stderr, "replay: %s\n", error.what());
    return 2;
  }
}
