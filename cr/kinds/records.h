// Decoded records, by type and id: what kinds validate and plan from.
#pragma once

#include <google/protobuf/message.h>

#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "cr/base/result.h"
#include "cr/image/page_table.h"
#include "cr/kinds/record_types.h"

namespace cr::kinds {

struct Schema {
  RecordType type;
  const google::protobuf::Message* prototype;  // a default instance, never freed
};

class Records {
 public:
  template <typename M>
  M& add(RecordType type, uint64_t id) {
    auto message = std::make_unique<M>();
    M& reference = *message;
    CR_CHECK(records_.emplace(Key{type, id}, std::move(message)).second);
    return reference;
  }
  void add(RecordType type, uint64_t id, std::unique_ptr<google::protobuf::Message> message) {
    CR_CHECK(records_.emplace(Key{type, id}, std::move(message)).second);
  }

  // Null if there is none.
  template <typename M>
  const M* find(RecordType type, uint64_t id) const {
    const auto found = records_.find(Key{type, id});
    return found == records_.end() ? nullptr : static_cast<const M*>(found->second.get());
  }
  template <typename M>
  M* find(RecordType type, uint64_t id) {
    return const_cast<M*>(std::as_const(*this).find<M>(type, id));
  }

  // Ascending ids.
  template <typename M>
  std::vector<const M*> all(RecordType type) const {
    std::vector<const M*> found;
    for (auto it = records_.lower_bound(Key{type, 0}); it != records_.end() && it->first.first == type; ++it)
      found.push_back(static_cast<const M*>(it->second.get()));
    return found;
  }

  using Key = std::pair<uint32_t, uint64_t>;
  const std::map<Key, std::unique_ptr<google::protobuf::Message>>& by_key() const { return records_; }

  // Which pages the image has, borrowed. Null while nobody knows: at a dump, and when an image comes as a
  // stream, where they follow the records.
  const image::PageTable* pages = nullptr;

 private:
  std::map<Key, std::unique_ptr<google::protobuf::Message>> records_;
};

// A name as the kernel can have given it (PATH_MAX).
inline bool absolute_path(std::string_view path) {
  return path.starts_with('/') && path.size() < 4096 && path.find('\0') == std::string_view::npos;
}

template <typename... Args>
Failure invalid(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::kInvalidImage, format, std::forward<Args>(args)...);
}

}  // namespace cr::kinds
