#include "bench/macro/engines.h"

#include <sys/stat.h>

#include <sstream>
#include <stdexcept>

namespace bench {
namespace {

Argv words_of(const std::string& text) {
  std::istringstream in(text);
  Argv words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

Argv operator+(Argv left, const Argv& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

class Cr : public Engine {
 public:
  explicit Cr(Argv command) : command_(std::move(command)) {}
  std::string name() const override { return "cr"; }

  Argv dump(pid_t root, const std::filesystem::path& dir, After after) const override {
    Argv argv = command_ + Argv{"dump", std::to_string(root), "-o", (dir / "image.cr").string()};
    if (after == After::kKeepRunning) argv.emplace_back("--leave-running");
    return argv;
  }
  Argv restore(const std::filesystem::path& dir) const override {
    return command_ + Argv{"restore", (dir / "image.cr").string(), "--detach"};
  }

 private:
  Argv command_;
};

class Criu : public Engine {
 public:
  explicit Criu(Argv command) : command_(std::move(command)) {}
  std::string name() const override { return "criu"; }

  Argv dump(pid_t root, const std::filesystem::path& dir, After after) const override {
    Argv argv = command_ + Argv{"dump", "-t", std::to_string(root)} + common(dir, "dump.log");
    if (after == After::kKeepRunning) argv.emplace_back("--leave-running");
    return argv;
  }
  Argv restore(const std::filesystem::path& dir) const override {
    return command_ + Argv{"restore", "--restore-detached"} + common(dir, "restore.log");
  }

 private:
  // Cgroups are left alone because cr leaves them alone, too.
  static Argv common(const std::filesystem::path& dir, const char* log) {
    return {"-D", dir.string(), "-o", log, "-v1", "--manage-cgroups=ignore"};
  }
  Argv command_;
};

}  // namespace

std::unique_ptr<Engine> make_engine(const std::string& spec) {
  const size_t equals = spec.find('=');
  const std::string name = spec.substr(0, equals);
  Argv command = equals == std::string::npos ? Argv{} : words_of(spec.substr(equals + 1));
  if (command.empty()) throw std::invalid_argument("--engine=NAME=COMMAND, got \"" + spec + "\"");
  if (name == "cr") return std::make_unique<Cr>(std::move(command));
  if (name == "criu") return std::make_unique<Criu>(std::move(command));
  throw std::invalid_argument("no engine is called \"" + name + "\" (cr, criu)");
}

uint64_t image_bytes(const std::filesystem::path& dir) {
  uint64_t sum = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    struct stat info = {};
    if (entry.is_regular_file() && ::stat(entry.path().c_str(), &info) == 0) {
      sum += static_cast<uint64_t>(info.st_blocks) * 512;
    }
  }
  return sum;
}

}  // namespace bench
