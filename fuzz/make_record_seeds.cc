// Writes the records of a small sound tree into a directory, a folder for each type: seeds for the targets of
// records.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "fuzz/small_tree.h"

namespace {

void write(const std::filesystem::path& top, uint32_t type, uint64_t id,
           const google::protobuf::Message& message) {
  const std::filesystem::path folder = top / std::to_string(type);
  std::filesystem::create_directories(folder);
  std::ofstream(folder / std::to_string(id), std::ios::binary) << message.SerializeAsString();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  const fuzz::SmallTree tree = fuzz::small_tree();
  for (const auto& [key, message] : tree.records.by_key()) write(argv[1], key.first, key.second, *message);
  write(argv[1], cr::kinds::kOriginRecord, 0, fuzz::small_origin());
  return 0;
}
