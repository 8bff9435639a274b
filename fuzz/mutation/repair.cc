#include "fuzz/mutation/repair.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "cr/image/format.h"
#include "cr/image/hash.h"
#include "cr/image/limits.h"

namespace fuzz {
namespace {

using namespace cr::image;

template <typename T>
T take(std::span<const std::byte> bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

void put(std::string& out, std::span<const std::byte> bytes) {
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void pad_to(std::string& out, uint64_t alignment) { out.resize(align_up(out.size(), alignment), '\0'); }

class Repair {
 public:
  Repair(std::span<const std::byte> image, size_t most) : in_(image), most_(most) {}

  std::string run() {
    if (in_.size() < sizeof(Header)) return {};
    put_header();
    while (section()) {
    }
    return finish();
  }

 private:
  void put_header() {
    header_ = take<Header>(in_);
    header_.magic = kMagic;
    header_.hash = hash_of(bytes_of(header_).first(offsetof(Header, hash)));
    put(out_, bytes_of(header_));
    at_ = sizeof(Header);
  }

  // What the rest costs if no section follows.
  bool fits(uint64_t more) const {
    const uint64_t index = (entries_.size() + 1) * sizeof(IndexEntry);
    return out_.size() + more + index + sizeof(SectionHead) + sizeof(Footer) + 2 * cr::kPageSize <= most_;
  }

  bool section() {
    at_ = align_up(at_, kSectionAlignment);
    if (at_ > in_.size() || in_.size() - at_ < sizeof(SectionHead)) return false;
    SectionHead head = take<SectionHead>(in_.subspan(at_));
    if (head.type == kIndex) return false;
    at_ += sizeof(SectionHead);
    head.length = std::min<uint64_t>(head.length, in_.size() - at_);
    if (head.type == kPages) head.length -= head.length % sizeof(ExtentEntry);
    std::vector<std::byte> payload(in_.begin() + static_cast<std::ptrdiff_t>(at_),
                                   in_.begin() + static_cast<std::ptrdiff_t>(at_ + head.length));
    at_ += head.length;
    std::string data;
    if (head.type == kPages && !read_data(payload, data)) return false;
    head.attached = data.size();
    if (!fits(sizeof(head) + payload.size() + data.size())) return false;
    head.payload_hash = hash_of(payload);
    head.hash = hash_of(bytes_of(head).first(offsetof(SectionHead, hash)));
    put_section(head, payload, data);
    return true;
  }

  // The data that the table tells of, as far as it is there; the table gets what is right of it.
  bool read_data(std::vector<std::byte>& table, std::string& data) {
    const uint64_t begin = align_up(at_, cr::kPageSize);
    for (size_t i = 0; i < table.size(); i += sizeof(ExtentEntry)) {
      auto entry = take<ExtentEntry>(std::span(table).subspan(i));
      if (entry.kind == static_cast<uint32_t>(ExtentKind::kRaw) && entry.pages <= kMaxExtentPages)
        entry.stored = entry.pages * cr::kPageSize;
      entry.hash = 0;
      if (entry.stored != 0) {
        data.resize(align_up(data.size(), entry.kind == 0 ? cr::kPageSize : kSectionAlignment), '\0');
        if (entry.stored > most_ || !fits(table.size() + data.size() + entry.stored)) return false;
        const uint64_t from = std::min<uint64_t>(begin + data.size(), in_.size());
        const auto there = in_.subspan(from, std::min<uint64_t>(entry.stored, in_.size() - from));
        std::string bytes(entry.stored, '\0');
        if (!there.empty()) std::memcpy(bytes.data(), there.data(), there.size());
        entry.hash = hash_of(std::as_bytes(std::span(bytes)));
        data += bytes;
      }
      std::memcpy(table.data() + i, &entry, sizeof(entry));
    }
    if (!data.empty()) at_ = std::min<uint64_t>(begin + data.size(), in_.size());
    return true;
  }

  void put_section(const SectionHead& head, std::span<const std::byte> payload, const std::string& data) {
    pad_to(out_, kSectionAlignment);
    const Section place{{head.type, head.id}, out_.size(), head.length, head.attached, head.payload_hash};
    IndexEntry entry = make_index_entry(place);
    entry.flags = head.flags;
    entries_.push_back(entry);
    put(out_, bytes_of(head));
    put(out_, payload);
    if (data.empty()) return;
    pad_to(out_, cr::kPageSize);
    out_ += data;
  }

  std::string finish() {
    pad_to(out_, kSectionAlignment);
    const auto index = std::as_bytes(std::span(entries_));
    const Section place{{kIndex, 0}, out_.size(), index.size(), 0, hash_of(index)};
    put(out_, bytes_of(make_head(place)));
    put(out_, index);
    put(out_, bytes_of(make_footer(header_, place)));
    return std::move(out_);
  }

  std::span<const std::byte> in_;
  size_t most_;
  uint64_t at_ = 0;
  Header header_{};
  std::string out_;
  std::vector<IndexEntry> entries_;
};

}  // namespace

std::string repair(std::span<const std::byte> image, size_t most) { return Repair(image, most).run(); }

}  // namespace fuzz
