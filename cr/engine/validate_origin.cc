#include "cr/engine/validate_origin.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "cr/engine/parse.h"
#include "cr/kinds/task.pb.h"

namespace cr::engine {
namespace {

using kinds::Task;

constexpr size_t kLongestName = 64;     // what uname(2) has room for
constexpr size_t kMostOfALabel = 4096;  // what /proc/PID/attr/current gives at once
constexpr int kMostFeatures = 1024;     // the kernel tells of some hundreds

Result<void> validate_name(const char* what, std::string_view name) {
  if (name.size() <= kLongestName) return {};
  return kinds::invalid("{} of {} bytes", what, name.size());
}

Result<void> validate_names(const kinds::Origin& origin) {
  CR_TRY(validate_name("an engine's name", origin.engine()));
  CR_TRY(validate_name("an engine's version", origin.engine_version()));
  CR_TRY(validate_name("a kernel's release", origin.kernel_release()));
  CR_TRY(validate_name("a machine's name", origin.machine()));
  if (origin.cpu_features_size() > kMostFeatures)
    return kinds::invalid("{} features of a CPU", origin.cpu_features_size());
  for (const std::string& feature : origin.cpu_features())
    CR_TRY(validate_name("a feature of a CPU", feature));
  if (origin.surroundings().label().size() >= kMostOfALabel)
    return kinds::invalid("a security label of {} bytes", origin.surroundings().label().size());
  const std::string& parent = origin.parent_path();
  if (parent.size() >= 4096 || parent.find('\0') != std::string::npos)  // PATH_MAX
    return kinds::invalid("a parent's path of {} bytes", parent.size());
  return {};
}

}  // namespace

Result<kinds::Origin> decode_origin(const std::string& payload) {
  kinds::Origin origin;
  CR_TRY(parse(payload, origin), "the origin record");
  CR_TRY(validate_names(origin), "the origin record");
  return origin;
}

Result<void> validate_origin(const kinds::Origin& origin, const kinds::Records& records) {
  CR_TRY(validate_names(origin), "the origin record");
  const auto* root = records.find<Task>(kinds::kTaskRecord, static_cast<uint64_t>(origin.root()));
  if (root == nullptr || root->parent() != 0)
    return kinds::invalid("the origin record: {} is not the root of the tree", origin.root());
  std::set<uint32_t> sizes;
  for (const Task* task : records.all<Task>(kinds::kTaskRecord))
    if (!task->zombie()) sizes.insert(task->word_size());
  if (!std::ranges::equal(origin.word_sizes(), sizes))
    return kinds::invalid("the origin record: the word sizes are not those of the tasks");
  return {};
}

}  // namespace cr::engine
