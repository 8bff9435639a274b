// cr_repaired_sweep: damages an image in every small way, makes lengths and checksums right again, and sees
// what a restore would make of it before there is a task. What is accepted must have a plan, or be refused as
// a shape that cannot be built. usage: cr_repaired_sweep IMAGE [--sample N] [--seed N] [--keep FOLDER
// --keep-every N] exit 1: a refusal of the wrong kind, too slow, or too much memory
#include <fcntl.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <random>

#include "cr/image/format.h"
#include "cr/image/reader.h"
#include "cr/image/tools/pairs.h"
#include "fuzz/mutation/repair.h"
#include "fuzz/verdict.h"

namespace {

using namespace cr::image;

struct Tally {
  uint64_t tried = 0, accepted = 0, invalid = 0, unbuildable = 0, wrong = 0, slow = 0, greedy = 0;
  size_t most_memory = 0;
  bool sound() const { return wrong + slow + greedy == 0; }
};

// Some of what is accepted, for whoever wants to restore it.
struct Keeper {
  std::string folder;  // empty: none
  uint64_t every = 1;
  cr::Result<void> keep(const std::string& image, uint64_t number) const {
    if (folder.empty() || number % every != 0) return {};
    const std::string path = fmt::format("{}/{}.img", folder, number);
    const cr::sys::UniqueFd fd = CR_TRY(cr::sys::open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
    return cr::sys::write_fully(fd.get(), std::as_bytes(std::span(image)));
  }
};

void judge(std::string_view what, const std::string& damaged, const Keeper& keeper, Tally& tally) {
  const std::string image = fuzz::repair(std::as_bytes(std::span(damaged)), damaged.size() + (1 << 20));
  const fuzz::Verdict verdict = fuzz::verdict_on(image);
  ++tally.tried;
  tally.most_memory = std::max(tally.most_memory, verdict.memory);
  if (verdict.accepted) {
    ++tally.accepted;
    if (const auto kept = keeper.keep(image, tally.accepted); !kept)
      ++tally.wrong, fmt::print("{}: {}\n", what, kept.error().message());
  } else if (!is_orderly(verdict)) {
    ++tally.wrong, fmt::print("{}: refused as {}\n", what, name_of(verdict.kind));
  } else {
    ++(verdict.kind == cr::ErrorKind::kUnsupported ? tally.unbuildable : tally.invalid);
  }
  if (is_slow(verdict, image)) ++tally.slow, fmt::print("{}: took {} s\n", what, verdict.seconds);
  if (is_greedy(verdict, image))
    ++tally.greedy,
        fmt::print("{}: {} bytes of memory for {} of image\n", what, verdict.memory, image.size());
}

// Which bytes are not page data.
std::vector<std::pair<uint64_t, uint64_t>> structure_of(const Reader& reader) {
  std::vector<std::pair<uint64_t, uint64_t>> ranges{{0, sizeof(Header)}};
  for (const Section& section : reader.sections()) ranges.emplace_back(section.offset, payload_end(section));
  return ranges;
}

void sweep_bits(const std::string& good, const Reader& reader, double share, std::mt19937_64& random,
                const Keeper& keeper, Tally& tally) {
  std::uniform_real_distribution<double> chance(0, 1);
  for (const auto& [begin, end] : structure_of(reader))
    for (uint64_t bit = begin * 8; bit < end * 8; ++bit) {
      if (chance(random) >= share) continue;
      std::string damaged = good;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
      judge(fmt::format("bit {} of byte {} flipped", bit % 8, bit / 8), damaged, keeper, tally);
    }
}

void sweep_sections(const std::string& good, const Reader& reader, std::mt19937_64& random,
                    const Keeper& keeper, Tally& tally) {
  const auto sections = reader.sections();
  const auto part = [&](size_t i) {
    const uint64_t end = i + 1 < sections.size() ? sections[i + 1].offset : section_end(sections[i]);
    return good.substr(sections[i].offset, end - sections[i].offset);
  };
  for (size_t i = 0; i < sections.size(); ++i) {
    const std::string name = sections[i].key.name();
    const std::string before = good.substr(0, sections[i].offset),
                      after = good.substr(sections[i].offset + part(i).size());
    judge("cut before " + name, before, keeper, tally);
    // Page data keeps its alignment only if whole pages are moved; the repair sees to what is left of it
    // otherwise.
    judge(name + " left out", before + after, keeper, tally);
    judge(name + " doubled", before + part(i) + part(i) + after, keeper, tally);
  }
  for (const auto& [a, b] : pairs_to_exchange(sections.size(), kMostPairs, random)) {
    const uint64_t a_end = sections[a].offset + part(a).size(), b_end = sections[b].offset + part(b).size();
    judge(fmt::format("{} exchanged with {}", sections[a].key.name(), sections[b].key.name()),
          good.substr(0, sections[a].offset) + part(b) + good.substr(a_end, sections[b].offset - a_end) +
              part(a) + good.substr(b_end),
          keeper, tally);
  }
}

cr::Result<Tally> sweep(const std::string& path, uint64_t sample, uint64_t seed, const Keeper& keeper) {
  const std::string good = CR_TRY(cr::sys::read_file(path));
  const Reader reader = CR_TRY(Reader::open(path));
  CR_TRY(reader.verify());
  uint64_t bits = 0;
  for (const auto& [begin, end] : structure_of(reader)) bits += (end - begin) * 8;
  std::mt19937_64 random(seed);
  Tally tally;
  sweep_sections(good, reader, random, keeper, tally);
  sweep_bits(good, reader, sample == 0 ? 1.0 : static_cast<double>(sample) / static_cast<double>(bits),
             random, keeper, tally);
  return tally;
}

}  // namespace

int main(int argc, char** argv) try {
  std::string path;
  uint64_t sample = 0, seed = 1;
  CLI::App app("Damages an image, repairs its checksums, and sees that nothing fools what reads it.");
  app.add_option("IMAGE", path)->required();
  app.add_option("--sample", sample, "about so many bits, at random; 0: every one outside of page data");
  app.add_option("--seed", seed);
  Keeper keeper;
  app.add_option("--keep", keeper.folder, "where to put images that were accepted");
  app.add_option("--keep-every", keeper.every, "one in so many")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  const auto tally = sweep(path, sample, seed, keeper);
  if (!tally) {
    fmt::print(stderr, "cr_repaired_sweep: {}\n", tally.error().message());
    return cr::exit_code(tally.error().kind());
  }
  fmt::print("tried={} invalid={} unbuildable={} accepted={} wrong={} slow={} greedy={} most_memory={}\n",
             tally->tried, tally->invalid, tally->unbuildable, tally->accepted, tally->wrong, tally->slow,
             tally->greedy, tally->most_memory);
  return tally->sound() ? 0 : 1;
} catch (const std::exception& broken) {
  std::fprintf(stderr, "cr_repaired_sweep: %s\n", broken.what());
  return 1;
}
