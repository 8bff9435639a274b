#include "cr/engine/diff.h"

#include <cctype>
#include <set>

#include "cr/kinds/thread/thread.pb.h"

namespace cr::engine {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const Message* find(const Loaded& image, const kinds::Records::Key& key) {
  const auto found = image.records.by_key().find(key);
  return found == image.records.by_key().end() ? nullptr : found->second.get();
}

// "AddressSpace" -> "address space"
std::string in_words(const std::string& type) {
  std::string words;
  for (const char c : type) {
    if (std::isupper(static_cast<unsigned char>(c)) && !words.empty()) words += ' ';
    words += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return words;
}

void compare_records(const Loaded& a, const Loaded& b, bool all, Comparison& out) {
  const FieldDiff fields(all);
  fields.compare("origin", &a.origin, &b.origin, out.fields);
  std::set<kinds::Records::Key> keys;
  for (const Loaded* image : {&a, &b})
    for (const auto& [key, record] : image->records.by_key()) keys.insert(key);
  for (const auto& key : keys) {
    const Message *in_a = find(a, key), *in_b = find(b, key);
    fields.compare(name_of_record(in_a ? *in_a : *in_b, key.second), in_a, in_b, out.fields);
  }
}

// Where the kernel, and not the program, writes: on which CPU a thread is, and, whenever a sleep is
// interrupted (as a dump does), for how long it would have gone on.
std::vector<Bytes> written_by_kernel(const Loaded& image, int32_t pid) {
  constexpr uint64_t kTimespec = 16, kTimespec32 = 8;
  std::vector<Bytes> areas;
  for (const auto* thread : image.records.all<kinds::Thread>(kinds::kThreadRecord)) {
    if (thread->pid() != pid) continue;
    if (thread->rseq_address() != 0) areas.push_back({thread->rseq_address(), thread->rseq_size()});
    const kinds::Wait& wait = thread->wait();
    if (thread->has_wait() && wait.call() == kinds::Wait::NANOSLEEP && wait.address() != 0)
      areas.push_back({wait.address(), wait.narrow() ? kTimespec32 : kTimespec});
  }
  return areas;
}

Result<PageHashes> private_pages(const Loaded& image, const kinds::AddressSpace& space, bool all) {
  const std::vector<Bytes> without = all ? std::vector<Bytes>() : written_by_kernel(image, space.pid());
  return hash_pages(image, static_cast<uint64_t>(space.pid()), space.runs(), without);
}

Result<void> compare_private(const Loaded& a, const Loaded& b, const kinds::AddressSpace& in_a, bool all,
                             Comparison& out) {
  const auto id = static_cast<uint64_t>(in_a.pid());
  const auto* in_b = b.records.find<kinds::AddressSpace>(kinds::kAddressSpaceRecord, id);
  if (in_b == nullptr) return {};
  const PageHashes pages_a = CR_TRY(private_pages(a, in_a, all));
  const PageHashes pages_b = CR_TRY(private_pages(b, *in_b, all));
  for (const PageRange& range : common_ranges(in_a, *in_b)) {
    PageDifference found = compare_pages(pages_a, pages_b, range);
    if (found.pages == 0) continue;
    found.where = fmt::format("pid {} {:#x}-{:#x}", in_a.pid(), range.start, range.end);
    out.pages.push_back(std::move(found));
  }
  return {};
}

Result<void> compare_shared(const Loaded& a, const Loaded& b, const kinds::SharedMemory& in_a,
                            Comparison& out) {
  const auto* in_b = b.records.find<kinds::SharedMemory>(kinds::kSharedMemoryRecord, in_a.id());
  if (in_b == nullptr) return {};
  const uint64_t section = in_a.id() | kinds::kSharedPages;
  PageDifference found =
      compare_pages(CR_TRY(hash_pages(a, section, in_a.runs())), CR_TRY(hash_pages(b, section, in_b->runs())),
                    {0, std::min(in_a.size(), in_b->size()), true});
  if (found.pages == 0) return {};
  found.where = fmt::format("shared memory {}", in_a.id());
  out.pages.push_back(std::move(found));
  return {};
}

}  // namespace

std::string name_of_record(const Message& record, uint64_t id) {
  const auto& type = *record.GetDescriptor();
  std::string name = in_words(type.name());
  // The id is a pid, or it comes with the pid of the task that the record belongs to, or it stands alone.
  if (type.field(0)->name() == "pid") return fmt::format("pid {} {}", id, name);
  name += fmt::format(" {}", id);
  const FieldDescriptor* pid = type.FindFieldByName("pid");
  return pid ? fmt::format("pid {} {}", record.GetReflection()->GetInt32(record, pid), name) : name;
}

Result<Comparison> diff(const Loaded& a, const Loaded& b, bool all, const Operation& operation) {
  Comparison out;
  operation.step("comparing records");
  compare_records(a, b, all, out);
  for (const auto* space : a.records.all<kinds::AddressSpace>(kinds::kAddressSpaceRecord)) {
    operation.step(fmt::format("comparing the memory of pid {}", space->pid()));
    CR_TRY(compare_private(a, b, *space, all, out));
  }
  operation.step("comparing shared memory");
  for (const auto* object : a.records.all<kinds::SharedMemory>(kinds::kSharedMemoryRecord))
    CR_TRY(compare_shared(a, b, *object, out));
  return out;
}

}  // namespace cr::engine
