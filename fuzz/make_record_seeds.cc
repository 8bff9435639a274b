// Writes the records of a small sound tree into a directory, a folder for each type: seeds for the targets of
// records.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "fuzz/small_tree.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  const fuzz::SmallTree tree = fuzz::small_tree();
  for (const auto& [key, message] : tree.records.by_key()) {
    const std::filesystem::path folder = std::filesystem::path(argv[1]) / std::to_string(key.first);
    std::filesystem::create_directories(folder);
    std::ofstream(folder / std::to_string(key.second), std::ios::binary) << message->SerializeAsString();
  }
  return 0;
}
