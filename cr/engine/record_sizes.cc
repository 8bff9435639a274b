#include "cr/engine/record_sizes.h"

#include <optional>

#include "cr/image/limits.h"
#include "cr/kinds/files/files.pb.h"
#include "cr/kinds/memory/memory.pb.h"

namespace cr::engine {
namespace {

using kinds::Records;

struct Holder {
  pid_t pid;
  std::string where;
};

// By the first descriptor that leads to it.
std::optional<Holder> holder_of_pipe(uint64_t id, const Records& records) {
  for (const auto* table : records.all<kinds::DescriptorTable>(kinds::kDescriptorTableRecord))
    for (const kinds::Descriptor& descriptor : table->descriptors()) {
      const auto* open =
          records.find<kinds::FileDescription>(kinds::kFileDescriptionRecord, descriptor.description());
      if (open != nullptr && ((open->has_pipe_end() && open->pipe_end().pipe() == id) ||
                              (open->has_fifo() && open->fifo().pipe() == id)))
        return Holder{table->pid(), fmt::format("fd {}", descriptor.number())};
    }
  return std::nullopt;
}

std::optional<Holder> holder_of_memory(uint64_t id, const Records& records) {
  for (const auto* space : records.all<kinds::AddressSpace>(kinds::kAddressSpaceRecord))
    for (const kinds::Vma& vma : space->vmas())
      if (vma.backing() == kinds::Vma::SHARED_ANONYMOUS && vma.object() == id)
        return Holder{space->pid(), fmt::format("{:x}-{:x}", vma.start(), vma.end())};
  return std::nullopt;
}

std::optional<Holder> holder_of(Records::Key key, const google::protobuf::Message& message,
                                const Records& records) {
  if (key.first == kinds::kPipeRecord) return holder_of_pipe(key.second, records);
  if (key.first == kinds::kSharedMemoryRecord) return holder_of_memory(key.second, records);
  const auto* pid = message.GetDescriptor()->FindFieldByName("pid");
  if (pid == nullptr) return std::nullopt;
  return Holder{message.GetReflection()->GetInt32(message, pid), "task"};
}

}  // namespace

std::vector<Blocker> size_blockers(const Records& records, pid_t root) {
  std::vector<Blocker> blockers;
  for (const auto& [key, message] : records.by_key()) {
    const uint64_t size = message->ByteSizeLong();
    if (size <= image::kMaxRecordBytes) continue;
    const Holder holder = holder_of(key, *message, records).value_or(Holder{root, "tree"});
    blockers.push_back(
        {holder.pid, "too-large", holder.where,
         fmt::format("takes {} bytes as a record of the image ({}), the limit is {}; let it hold less "
                     "(pages in fewer pieces, pipes and queues drained)",
                     size, message->GetDescriptor()->name(), image::kMaxRecordBytes)});
  }
  return blockers;
}

}  // namespace cr::engine
