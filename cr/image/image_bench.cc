// image/write and image/verify: how fast page data goes into an image and is checked again. Size and kind of
// file system are arguments; the figures to compare with are in the folder's README.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cr/image/reader.h"
#include "cr/image/writer.h"

namespace cr::image {
namespace {

constexpr size_t kCallBytes = size_t{1} << 20;  // what the engine hands over at a time

class TempDir {
 public:
  explicit TempDir(const std::string& parent) : path_(parent + "/cr-image-bench-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  bool valid() const { return !path_.empty(); }
  std::string image() const { return path_ + "/image"; }

 private:
  std::string path_;
};

// Memory as a task has it: touched, and not all the same.
class Memory {
 public:
  explicit Memory(size_t size) : size_(size) {
    data_ =
        static_cast<char*>(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
      const uint64_t word = at * 0x9e3779b97f4a7c15;
      std::memcpy(data_ + at, &word, sizeof(word));
    }
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { ::munmap(data_, size_); }

  std::span<const std::byte> bytes(size_t at, size_t size) const {
    return std::as_bytes(std::span(data_ + at, size));
  }
  size_t size() const { return size_; }

 private:
  char* data_;
  size_t size_;
};

Result<uint64_t> write_image(const std::string& path, const Memory& memory) {
  Writer writer = CR_TRY(Writer::create(path));
  for (size_t at = 0; at < memory.size();) {
    // The copy stands for the one that the kernel makes of a task's memory.
    const auto room = CR_TRY(writer.page_room(1));
    const size_t step = std::min(room.size(), memory.size() - at);
    std::ranges::copy(memory.bytes(at, step), room.begin());
    CR_TRY(writer.pages_filled(step));
    at += step;
  }
  return writer.commit();
}

void write(benchmark::State& state, const std::string& parent) {
  const TempDir dir(parent);
  const Memory memory(static_cast<size_t>(state.range(0)) << 20);
  if (!dir.valid()) return state.SkipWithError("no directory to write to");
  for (auto _ : state) {
    if (const auto size = write_image(dir.image(), memory); !size)
      return state.SkipWithError(size.error().message().c_str());
    // Every round writes into fresh pages of the page cache, as a first checkpoint does.
    state.PauseTiming();
    ::unlink(dir.image().c_str());
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(memory.size()));
}

void verify(benchmark::State& state, const std::string& parent) {
  const TempDir dir(parent);
  const Memory memory(static_cast<size_t>(state.range(0)) << 20);
  if (!dir.valid()) return state.SkipWithError("no directory to write to");
  if (const auto size = write_image(dir.image(), memory); !size)
    return state.SkipWithError(size.error().message().c_str());
  for (auto _ : state) {
    const auto reader = Reader::open(dir.image());
    if (!reader) return state.SkipWithError(reader.error().message().c_str());
    if (const auto report = reader->verify(); !report)
      return state.SkipWithError(report.error().message().c_str());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(memory.size()));
}

// The same bytes by the same calls, but without container and checksums: what image/write and image/verify
// are measured against, in the same run, because machines and file systems differ by more than we do.
void bare_write(benchmark::State& state, const std::string& parent) {
  const TempDir dir(parent);
  const Memory memory(static_cast<size_t>(state.range(0)) << 20);
  if (!dir.valid()) return state.SkipWithError("no directory to write to");
  for (auto _ : state) {
    const auto file = sys::open(dir.image(), O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (!file) return state.SkipWithError(file.error().message().c_str());
    for (size_t at = 0; at < memory.size(); at += kCallBytes)
      if (const auto put = sys::write_fully(file->get(), memory.bytes(at, kCallBytes)); !put)
        return state.SkipWithError(put.error().message().c_str());
    if (::fsync(file->get()) != 0) return state.SkipWithError("fsync");
    state.PauseTiming();
    ::unlink(dir.image().c_str());
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(memory.size()));
}

void bare_read(benchmark::State& state, const std::string& parent) {
  const TempDir dir(parent);
  const Memory memory(static_cast<size_t>(state.range(0)) << 20);
  if (!dir.valid()) return state.SkipWithError("no directory to write to");
  if (const auto size = write_image(dir.image(), memory); !size)
    return state.SkipWithError(size.error().message().c_str());
  std::vector<std::byte> buffer(size_t{256} << 10);
  for (auto _ : state) {
    const auto file = sys::open(dir.image(), O_RDONLY);
    if (!file) return state.SkipWithError(file.error().message().c_str());
    for (uint64_t at = 0; at < memory.size(); at += buffer.size())
      if (const auto got = sys::pread_fully(file->get(), buffer, at); !got)
        return state.SkipWithError(got.error().message().c_str());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(memory.size()));
}

// Metadata: what ten thousand small records cost.
void write_records(benchmark::State& state, const std::string& parent) {
  const TempDir dir(parent);
  if (!dir.valid()) return state.SkipWithError("no directory to write to");
  const std::string payload(100, 'p');
  for (auto _ : state) {
    auto writer = Writer::create(dir.image());
    if (!writer) return state.SkipWithError(writer.error().message().c_str());
    for (int64_t id = 0; id < state.range(0); ++id)
      if (const auto added = writer->add_record(1, static_cast<uint64_t>(id), payload); !added)
        return state.SkipWithError(added.error().message().c_str());
    if (const auto size = writer->commit(); !size) return state.SkipWithError(size.error().message().c_str());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

// CR_BENCH_DIR puts the images on a file system of choice; without it they go to shared memory, so that the
// figures are about our work and not about a disk.
void register_all() {
  const char* chosen = ::getenv("CR_BENCH_DIR");
  const std::string parent = chosen != nullptr ? chosen : "/dev/shm";
  const std::pair<const char*, void (*)(benchmark::State&, const std::string&)> by_size[] = {
      {"image/write", write},
      {"image/bare_write", bare_write},
      {"image/verify", verify},
      {"image/bare_read", bare_read}};
  for (const int64_t mib : {16, 64, 512})
    for (const auto& [name, body] : by_size)
      benchmark::RegisterBenchmark(name, body, parent)
          ->ArgName("MiB")
          ->Arg(mib)
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
  benchmark::RegisterBenchmark("image/write_records", write_records, parent)
      ->ArgName("records")
      ->Arg(10000)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
}

}  // namespace
}  // namespace cr::image

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  cr::image::register_all();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
