#include "cr/image/writer.h"

#include <sys/random.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "cr/image/hash.h"
#include "cr/image/limits.h"
#include "cr/image/page_batch.h"
#include "cr/image/sink.h"

namespace cr::image {

struct Writer::State {
  State(Sink the_sink, const WriterOptions& options)
      : sink(std::move(the_sink)), batch(options.compression), has_parent(options.parent.has_value()) {}

  Result<void> begin(const WriterOptions& options);
  Result<void> usable() const;
  Result<void> room_for(uint64_t bytes) const;
  Result<Section*> start_section(SectionKey key, uint64_t length, uint64_t attached, uint64_t hash);
  Result<void> put_record(SectionKey key, std::span<const std::byte> payload);
  Result<void> turn_to(uint64_t id);
  Result<void> flush_pages();
  Result<void> put_pages(const PageBatch::Encoded& encoded);
  Result<void> refer(uint64_t id, ExtentKind kind, uint64_t pages, uint64_t source, uint64_t source_page);
  Result<uint64_t> finish();

  // Runs a step of the public API; an error in it spends the writer, because the file may end in half of a
  // section.
  template <typename Step>
  auto guarded(Step step) -> decltype(step()) {
    if (auto ready = usable(); !ready) return Failure(ready.error());
    auto result = step();
    if (!result) spent = true;
    return result;
  }

  Sink sink;
  PageBatch batch;
  bool has_parent;
  Header header{};
  std::vector<Section> sections;
  std::set<SectionKey> keys;           // of records
  std::map<uint64_t, uint64_t> pages;  // of every object so far, without the batch
  uint64_t object = 0;                 // whose pages are in the batch
  bool pages_began = false;
  bool spent = false;  // committed or failed
};

Writer::Writer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;
Writer::~Writer() = default;

Result<void> Writer::State::begin(const WriterOptions& options) {
  ImageId id;
  if (::getrandom(id.data(), id.size(), 0) != static_cast<ssize_t>(id.size())) return fail_errno("getrandom");
  const uint64_t features =
      (options.parent ? kFeatureParent : 0) | (options.compression != 0 ? kFeatureZstd : 0);
  header = make_header(id, features, options.parent.value_or(ImageId{}));
  return sink.put(bytes_of(header));
}

Result<void> Writer::State::usable() const {
  if (!spent) return {};
  return fail(ErrorKind::kInternal, "image {}: the writer is spent (committed or failed)", sink.name());
}

// `bytes` is below kMaxFileBytes times a few, so nothing wraps.
Result<void> Writer::State::room_for(uint64_t bytes) const {
  if (bytes <= kMaxFileBytes && sink.position() <= kMaxFileBytes - bytes) return {};
  return fail(ErrorKind::kUnsupported, "image {}: more than {} bytes", sink.name(), kMaxFileBytes);
}

Result<Section*> Writer::State::start_section(SectionKey key, uint64_t length, uint64_t attached,
                                              uint64_t hash) {
  if (sections.size() >= kMaxSections)
    return fail(ErrorKind::kUnsupported, "image {}: more than {} sections", sink.name(), kMaxSections);
  CR_TRY(room_for(length + attached + 2 * kPageSize));
  CR_TRY(sink.pad_to(align_up(sink.position(), kSectionAlignment)));
  Section& section = sections.emplace_back(Section{key, sink.position(), length, attached, hash});
  CR_TRY(sink.put(bytes_of(make_head(section))));
  return &section;
}

Result<void> Writer::State::put_record(SectionKey key, std::span<const std::byte> payload) {
  if (!is_record(key.type))
    return fail(ErrorKind::kInternal, "image {}: type {} is no record's", sink.name(), key.type);
  if (pages_began)
    return fail(ErrorKind::kInternal, "image {}: {} comes after pages", sink.name(), key.name());
  if (payload.size() > kMaxRecordBytes)
    return fail(ErrorKind::kUnsupported, "image {}: {} has {} bytes, the limit is {}", sink.name(),
                key.name(), payload.size(), kMaxRecordBytes);
  if (!keys.insert(key).second)
    return fail(ErrorKind::kInternal, "image {}: {} is already there", sink.name(), key.name());
  CR_TRY(start_section(key, payload.size(), 0, hash_of(payload)));
  return sink.put(payload);
}

// What is batched so far belongs to one object.
Result<void> Writer::State::turn_to(uint64_t id) {
  pages_began = true;
  if (object == id && !batch.full()) return {};
  CR_TRY(flush_pages());
  object = id;
  return {};
}

Result<void> Writer::State::flush_pages() {
  if (batch.empty()) return {};
  const PageBatch::Encoded encoded = CR_TRY(batch.encode(pages[object]), "image {}", sink.name());
  CR_TRY(put_pages(encoded));
  pages[object] += encoded.pages;
  batch.clear();
  return {};
}

Result<void> Writer::State::put_pages(const PageBatch::Encoded& encoded) {
  const auto alignment = [&](size_t entry) {
    return encoded.table[entry].kind == static_cast<uint32_t>(ExtentKind::kRaw) ? kPageSize
                                                                                : kSectionAlignment;
  };
  uint64_t attached = 0;
  for (size_t i = 0; i < encoded.data.size(); ++i)
    if (!encoded.data[i].empty()) attached = align_up(attached, alignment(i)) + encoded.data[i].size();
  const auto table = std::as_bytes(std::span(encoded.table));
  const Section* section = CR_TRY(start_section({kPages, object}, table.size(), attached, hash_of(table)));
  const uint64_t begin = attached_offset(*section);
  CR_TRY(sink.put(table));
  if (attached == 0) return {};
  CR_TRY(sink.pad_to(begin));
  for (size_t i = 0; i < encoded.data.size(); ++i) {
    if (encoded.data[i].empty()) continue;
    CR_TRY(sink.pad_to(align_up(sink.position(), alignment(i))));
    CR_TRY(sink.put(encoded.data[i]));
  }
  CR_CHECK(sink.position() == begin + attached);
  return {};
}

Result<void> Writer::State::refer(uint64_t id, ExtentKind kind, uint64_t count, uint64_t source,
                                  uint64_t source_page) {
  CR_TRY(sink.ask());
  while (count > 0) {
    CR_TRY(turn_to(id));
    const uint64_t step = std::min(count, kMaxExtentPages);
    batch.refer(kind, step, source, source_page);
    source_page += step;
    count -= step;
  }
  return {};
}

Result<uint64_t> Writer::State::finish() {
  CR_TRY(flush_pages());
  std::vector<IndexEntry> entries;
  entries.reserve(sections.size());
  for (const Section& section : sections) entries.push_back(make_index_entry(section));
  const auto bytes = std::as_bytes(std::span(entries));
  CR_TRY(room_for(bytes.size() + kMinFileBytes));
  CR_TRY(sink.pad_to(align_up(sink.position(), kSectionAlignment)));
  const Section index{{kIndex, 0}, sink.position(), bytes.size(), 0, hash_of(bytes)};
  const Footer footer = make_footer(header, index);
  CR_TRY(sink.put(bytes_of(make_head(index))));
  CR_TRY(sink.put(bytes));
  CR_TRY(sink.put(bytes_of(footer)));
  CR_TRY(sink.publish());
  spent = true;
  return footer.file_size;
}

Result<Writer> Writer::create(const std::string& path, WriterOptions options) {
  PendingFile file = CR_TRY(PendingFile::create(path));
  if (options.executable) CR_TRY(file.make_executable());
  auto state = std::make_unique<State>(Sink(std::move(file), options.keep_going), options);
  CR_TRY(state->begin(options));
  return Writer(std::move(state));
}

Result<Writer> Writer::to_stream(int fd, const std::string& name, WriterOptions options) {
  auto state = std::make_unique<State>(Sink(fd, name, options.keep_going), options);
  CR_TRY(state->begin(options));
  return Writer(std::move(state));
}

Result<void> Writer::add_record(uint32_t type, uint64_t id, std::span<const std::byte> payload) {
  return state_->guarded([&] { return state_->put_record({type, id}, payload); });
}

Result<void> Writer::add_record(uint32_t type, uint64_t id, std::string_view payload) {
  return add_record(type, id, std::as_bytes(std::span(payload)));
}

Result<std::span<std::byte>> Writer::page_room(uint64_t id) {
  return state_->guarded([&]() -> Result<std::span<std::byte>> {
    CR_TRY(state_->turn_to(id));
    return state_->batch.room();
  });
}

Result<void> Writer::pages_filled(size_t bytes) {
  return state_->guarded([&]() -> Result<void> {
    if (!page_aligned(bytes) || bytes > state_->batch.room().size())
      return fail(ErrorKind::kInternal, "image {}: {} bytes of pages", state_->sink.name(), bytes);
    state_->batch.filled(bytes);
    return {};
  });
}

Result<void> Writer::add_same(uint64_t id, uint64_t pages, uint64_t source, uint64_t source_page) {
  return state_->guarded([&]() -> Result<void> {
    // A section's extents refer to what is in the table before them, in their own section too; only not to
    // the batch, which is of this object.
    CR_TRY(state_->turn_to(id));
    if (source == id) CR_TRY(state_->flush_pages());
    const auto known = state_->pages.find(source);
    if (known == state_->pages.end() || source_page > known->second || pages > known->second - source_page)
      return fail(ErrorKind::kInternal, "image {}: object {} has no {} pages at {}", state_->sink.name(),
                  source, pages, source_page);
    return state_->refer(id, ExtentKind::kSame, pages, source, source_page);
  });
}

Result<void> Writer::add_inherited(uint64_t id, uint64_t pages, uint64_t source, uint64_t source_page) {
  return state_->guarded([&]() -> Result<void> {
    if (!state_->has_parent)
      return fail(ErrorKind::kInternal, "image {}: has no parent to inherit from", state_->sink.name());
    return state_->refer(id, ExtentKind::kParent, pages, source, source_page);
  });
}

uint64_t Writer::size() const { return state_->sink.position(); }

Result<uint64_t> Writer::commit() {
  return state_->guarded([&] { return state_->finish(); });
}

}  // namespace cr::image
