// Google Benchmark over whole checkpoints: dump, restore, frozen time and image size of each engine, case by
// case.
//
// One iteration is one life: start, dump with the tree going on, dump to its end, restore, prove, end. The
// iteration's time is that of the second dump; the rest are counters, so that the library's median and spread
// cover them as well. Not to be called directly: bench/run makes the namespaces and prints the table.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "bench/macro/engines.h"
#include "bench/macro/running_tree.h"

namespace bench {
namespace {

// PERFORMANCE cases; tiny is the smoke test.
constexpr Shape kShapes[] = {
    {"tiny", 2, 1}, {"a64", 1, 64}, {"a512", 1, 512}, {"b10", 10, 2}, {"b100", 100, 2},
};

struct Places {
  std::filesystem::path program;  // bench/targets/tree.c, built
  std::filesystem::path images;   // where engines write
  std::filesystem::path work;     // the tree's own files
};

// A new, empty directory that goes away with its owner.
class FreshDir {
 public:
  explicit FreshDir(const std::filesystem::path& parent) {
    std::string name = (parent / "bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::runtime_error("mkdtemp " + name + ": " + std::strerror(errno));
    path_ = name;
  }
  FreshDir(const FreshDir&) = delete;
  FreshDir& operator=(const FreshDir&) = delete;
  ~FreshDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Figures {
  Milliseconds dump{}, live_dump{}, frozen{}, quiet_gap{}, restore{}, first_beat{};
  uint64_t image_bytes = 0;
};

Milliseconds gap_while_nothing_happens(RunningTree& tree) {
  tree.forget_gaps();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return tree.largest_gap();
}

void measure_live_dump(const Engine& engine, const Places& places, RunningTree& tree, Figures& out) {
  const FreshDir image(places.images);
  tree.forget_gaps();
  out.live_dump = run_timed(engine.dump(tree.root(), image.path(), After::kKeepRunning), image.path());
  tree.require_beats_after(tree.beats());  // the gap is complete once the clock is read again
  out.frozen = tree.largest_gap();
}

void measure_restore(const Engine& engine, const FreshDir& image, RunningTree& tree, Figures& out) {
  const uint64_t before = tree.beats();
  const auto start = std::chrono::steady_clock::now();
  // Another thread looks for the first sign of life, because an engine may return before or after it.
  std::atomic<bool> give_up{false};
  std::thread watcher([&] {
    while (tree.beats() == before && !give_up) std::this_thread::sleep_for(std::chrono::microseconds(50));
    out.first_beat = std::chrono::steady_clock::now() - start;
  });
  try {
    out.restore = run_timed(engine.restore(image.path()), image.path());
    tree.require_beats_after(before);
  } catch (...) {
    give_up = true;
    watcher.join();
    throw;
  }
  watcher.join();
}

Figures one_life(const Engine& engine, const Shape& shape, const Places& places) {
  Figures out;
  const FreshDir work(places.work);
  const uint64_t room = 2 * shape.bytes() + (64u << 20);  // the image and the tree itself

  warm_memory(room);
  RunningTree tree(shape, places.program, work.path());
  out.quiet_gap = gap_while_nothing_happens(tree);
  warm_memory(room);
  measure_live_dump(engine, places, tree, out);

  const FreshDir image(places.images);
  warm_memory(room);
  out.dump = run_timed(engine.dump(tree.root(), image.path(), After::kEnd), image.path());
  tree.require_gone();
  out.image_bytes = image_bytes(image.path());

  warm_memory(room);
  measure_restore(engine, image, tree, out);
  tree.require_intact();
  return out;
}

void run(benchmark::State& state, const Engine& engine, const Shape& shape, const Places& places) {
  for (auto _ : state) {
    Figures figures;
    try {
      figures = one_life(engine, shape, places);
    } catch (const std::exception& error) {
      state.SkipWithError(error.what());
      return;
    }
    state.SetIterationTime(figures.dump.count() / 1000);
    state.counters["dump_ms"] = figures.dump.count();
    state.counters["live_dump_ms"] = figures.live_dump.count();
    state.counters["frozen_ms"] = figures.frozen.count();
    state.counters["quiet_gap_ms"] = figures.quiet_gap.count();
    state.counters["restore_ms"] = figures.restore.count();
    state.counters["first_beat_ms"] = figures.first_beat.count();
    state.counters["image_mb"] = static_cast<double>(figures.image_bytes) / 1e6;
  }
  state.SetBytesProcessed(static_cast<int64_t>(shape.bytes() * state.iterations()));
  state.SetItemsProcessed(static_cast<int64_t>(shape.tasks) * static_cast<int64_t>(state.iterations()));
}

// The value of --name=value, which is taken out of argv; empty if it is not there.
std::string take_option(std::vector<char*>& argv, const std::string& name) {
  const std::string prefix = "--" + name + "=";
  for (auto it = argv.begin(); it != argv.end(); ++it) {
    if (std::strncmp(*it, prefix.c_str(), prefix.size()) == 0) {
      std::string value = *it + prefix.size();
      argv.erase(it);
      return value;
    }
  }
  return {};
}

int main_of(std::vector<char*> argv) {
  std::vector<std::unique_ptr<Engine>> engines;
  for (std::string spec = take_option(argv, "engine"); !spec.empty(); spec = take_option(argv, "engine")) {
    engines.push_back(make_engine(spec));
  }
  const Places places{take_option(argv, "tree"), take_option(argv, "images"), take_option(argv, "work")};
  if (engines.empty() || places.program.empty() || places.images.empty() || places.work.empty()) {
    std::fprintf(stderr, "bench_trees is started by bench/run, which knows its options\n");
    return 2;
  }
  if (::getpid() != 1) {
    std::fprintf(stderr, "bench_trees has to be the init of a pid namespace; start it by bench/run\n");
    return 2;
  }
  for (const Shape& shape : kShapes) {
    for (const auto& engine : engines) {
      const std::string name = std::string("tree/") + shape.name + "/" + engine->name();
      benchmark::RegisterBenchmark(name.c_str(),
                                   [&shape, &places, engine = engine.get()](benchmark::State& state) {
                                     run(state, *engine, shape, places);
                                   })
          ->Iterations(1)
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond);
    }
  }
  int argc = static_cast<int>(argv.size());
  benchmark::Initialize(&argc, argv.data());
  if (benchmark::ReportUnrecognizedArguments(argc, argv.data())) return 2;
  const size_t ran = benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return ran == 0 ? 1 : 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  try {
    return bench::main_of(std::vector<char*>(argv, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_trees: %s\n", error.what());
    return 2;
  }
}
