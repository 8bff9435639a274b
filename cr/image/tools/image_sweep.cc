// cr_image_sweep: damages copies of an image in memory, one way at a time, and sees that every one is
// refused.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <random>

#include "cr/image/format.h"
#include "cr/image/reader.h"
#include "cr/image/tools/mutations.h"
#include "cr/image/tools/pairs.h"
#include "cr/image/writer.h"

namespace cr::image {
namespace {

struct Options {
  std::string file;
  bool make_example = false;
  bool bits = false, truncate = false, sections = false;
  uint64_t sample = 0;  // 0: all
  uint64_t seed = 1;
  std::vector<std::string> with;  // empty: the reader here
  Share share;
};

// All numbers below `count`, or a sample of them in ascending order.
class Choice {
 public:
  Choice(uint64_t count, const Options& options)
      : count_(count), all_(options.sample == 0 || options.sample >= count) {
    if (all_) return;
    std::mt19937_64 random(options.seed);
    std::uniform_int_distribution<uint64_t> any(0, count - 1);
    for (uint64_t i = 0; i < options.sample; ++i) picked_.push_back(any(random));
    std::ranges::sort(picked_);
    picked_.erase(std::unique(picked_.begin(), picked_.end()), picked_.end());
  }

  uint64_t size() const { return all_ ? count_ : picked_.size(); }
  uint64_t operator[](uint64_t i) const { return all_ ? i : picked_[i]; }

 private:
  uint64_t count_;
  bool all_;
  std::vector<uint64_t> picked_;
};

Result<void> sweep_bits(Patient& patient, const Options& options) {
  const Choice bits(patient.good().size() * 8, options);
  for (uint64_t i = 0; i < bits.size(); ++i) {
    const uint64_t byte = bits[i] / 8;
    const char bad = static_cast<char>(patient.good()[byte] ^ (1 << bits[i] % 8));
    CR_TRY(
        patient.try_overwrite(byte, {&bad, 1}, fmt::format("bit {} of byte {} flipped", bits[i] % 8, byte)));
  }
  return {};
}

// Longest first, so that each length is one ftruncate() away from the one before.
Result<void> sweep_lengths(Patient& patient, const Options& options) {
  const Choice lengths(patient.good().size(), options);
  for (uint64_t i = lengths.size(); i > 0; --i) {
    CR_TRY(patient.cut_to(lengths[i - 1]));
    CR_TRY(patient.judge(fmt::format("cut to {} bytes", lengths[i - 1])));
  }
  CR_TRY(patient.mend());
  for (const std::string& tail :
       {std::string(1, '\0'), std::string(1, '\xff'), std::string(4096, '\0'), patient.good()})
    CR_TRY(patient.try_content(patient.good() + tail, fmt::format("{} bytes appended", tail.size())));
  return {};
}

// One section: zeroed, left out, doubled.
Result<void> damage_section(Patient& patient, std::span<const Section> sections, size_t which) {
  const std::string& good = patient.good();
  const Section& section = sections[which];
  const std::string name = section.key.name();
  const auto length = [](const Section& s) { return section_end(s) - s.offset; };
  const auto content = [&](const Section& s) { return good.substr(s.offset, length(s)); };
  const std::string before = good.substr(0, section.offset);
  CR_TRY(patient.try_overwrite(section.offset, std::string(length(section), '\0'), name + " zeroed"));
  CR_TRY(patient.try_content(before + good.substr(section_end(section)), name + " left out"));
  return patient.try_content(before + content(section) + good.substr(section.offset), name + " doubled");
}

// `what` of the image, two stretches of bytes, in each other's place; what is between them is moved.
Result<void> exchange(Patient& patient, std::pair<uint64_t, uint64_t> a, std::pair<uint64_t, uint64_t> b,
                      const std::string& what) {
  const std::string& good = patient.good();
  const auto bytes = [&](uint64_t begin, uint64_t end) { return good.substr(begin, end - begin); };
  return patient.try_overwrite(
      a.first, bytes(b.first, b.second) + bytes(a.second, b.first) + bytes(a.first, a.second), what);
}

// Sections, and the entries of the index that tell of them.
Result<void> exchange_pairs(Patient& patient, std::span<const Section> sections, uint64_t index_offset,
                            const Options& options) {
  std::mt19937_64 random(options.seed);
  const size_t most = options.sample == 0 ? kMostPairs : std::min(options.sample, kMostPairs);
  for (const auto& [a, b] : pairs_to_exchange(sections.size(), most, random)) {
    const auto section = [&](size_t which) {
      return std::pair(sections[which].offset, section_end(sections[which]));
    };
    CR_TRY(exchange(patient, section(a), section(b),
                    fmt::format("{} exchanged with {}", sections[a].key.name(), sections[b].key.name())));
    const auto entry = [&](size_t which) {
      const uint64_t at = index_offset + sizeof(SectionHead) + which * sizeof(IndexEntry);
      return std::pair(at, at + sizeof(IndexEntry));
    };
    CR_TRY(exchange(patient, entry(a), entry(b), fmt::format("index entries {} and {} exchanged", a, b)));
  }
  return {};
}

Result<void> sweep_sections(Patient& patient, const Options& options) {
  const std::string& good = patient.good();
  const Reader reader = CR_TRY(Reader::open(options.file));
  const auto sections = reader.sections();
  const Choice choice(sections.size(), options);
  for (uint64_t i = 0; i < choice.size(); ++i) CR_TRY(damage_section(patient, sections, choice[i]));

  Footer footer;
  std::memcpy(&footer, good.data() + good.size() - sizeof(footer), sizeof(footer));
  CR_TRY(exchange_pairs(patient, sections, footer.index_offset, options));

  // The sound header of another image: only the footer's copy of its checksum can tell.
  Header other;
  std::memcpy(&other, good.data(), sizeof(other));
  ImageId other_id = other.image_id;
  for (std::byte& byte : other_id) byte = ~byte;
  other = make_header(other_id, other.required_features, other.parent_id);
  CR_TRY(patient.try_overwrite(0, {reinterpret_cast<const char*>(&other), sizeof(other)},
                               "header of another image"));
  CR_TRY(
      patient.try_overwrite(0, good.substr(good.size() - sizeof(Footer)), "footer in place of the header"));
  return patient.try_overwrite(good.size() - sizeof(Footer), good.substr(0, sizeof(Footer)),
                               "header in place of the footer");
}

Result<void> give(Writer& writer, uint64_t id, const std::string& pages) {
  const auto room = CR_TRY(writer.page_room(id));
  std::memcpy(room.data(), pages.data(), pages.size());
  return writer.pages_filled(pages.size());
}

// Something of everything, in an order that brings every width of padding.
Result<void> make_example(const std::string& path) {
  Writer writer = CR_TRY(Writer::create(path, {.compression = 3}));
  for (uint64_t id = 0; id < 24; ++id)
    CR_TRY(writer.add_record(1 + id % 3, id, std::string(id * 7, static_cast<char>('a' + id))));
  for (uint64_t id = 1; id < 4; ++id) {
    std::string pages(id * kPageSize, static_cast<char>('0' + id));
    std::mt19937_64 random(id);
    for (size_t i = 0; i < kPageSize; ++i) pages[i] = static_cast<char>(random());  // hard to compress
    CR_TRY(give(writer, id, pages + std::string(kPageSize, '\0')));
    if (id > 1) CR_TRY(writer.add_same(id, 1, id - 1, 0));
  }
  CR_TRY(writer.commit());
  return {};
}

Result<bool> run(const Options& options) {
  if (options.make_example) {
    CR_TRY(make_example(options.file));
    return true;
  }
  Patient patient = CR_TRY(Patient::load(
      options.file, options.with.empty() ? reader_here() : by_program(options.with), options.share));
  const bool everything = !options.bits && !options.truncate && !options.sections;
  if (options.sections || everything) CR_TRY(sweep_sections(patient, options));
  if (options.truncate || everything) CR_TRY(sweep_lengths(patient, options));
  if (options.bits || everything) CR_TRY(sweep_bits(patient, options));
  const Tally& tally = patient.tally();
  fmt::print("bytes={} seed={} tried={} unchanged={} accepted={} wrong_kind={} slow={} slowest_us={}\n",
             patient.good().size(), options.seed, tally.tried, tally.unchanged, tally.accepted,
             tally.wrong_kind, tally.slow, tally.slowest.count());
  return tally.sound();
}

}  // namespace
}  // namespace cr::image

int main(int argc, char** argv) try {
  cr::image::Options options;
  CLI::App app("Damages copies of an image in memory and exits 1 if any of them is accepted.");
  app.add_option("FILE", options.file, "a sound image")->required();
  app.add_flag("--make-example", options.make_example, "write a small image to FILE instead");
  app.add_flag("--bits", options.bits, "flip every bit");
  app.add_flag("--truncate", options.truncate, "cut at every byte, and append");
  app.add_flag("--sections", options.sections, "zero, leave out, double and exchange sections");
  app.add_option("--sample", options.sample, "only so many of each, at random");
  app.add_option("--seed", options.seed, "of the sample");
  app.add_option("--with", options.with,
                 "a command that is run with each damaged image, and has to end as for an invalid one;\n"
                 "without it the reader is called here")
      ->expected(1, 16);
  app.add_option("--share", options.share.first, "of --shares: which of them this is, from 0");
  app.add_option("--shares", options.share.of, "how many sweep this image at once")
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  const auto sound = cr::image::run(options);
  if (!sound) {
    fmt::print(stderr, "cr_image_sweep: {}\n", sound.error().message());
    return cr::exit_code(sound.error().kind());
  }
  return *sound ? 0 : 1;
} catch (const std::exception& broken) {  // the option parser and memory
  std::fprintf(stderr, "cr_image_sweep: %s\n", broken.what());
  return 1;
}
