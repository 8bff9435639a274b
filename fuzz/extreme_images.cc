// cr_extreme_images: images as large as nobody's dump, each of one thing more than anybody has of it.
// Whatever becomes of them, it takes time and memory in proportion to their size. usage: cr_extreme_images
// [NAME...]     exit 1: one took too much, or was not taken for what it is
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "cr/image/writer.h"
#include "cr/kinds/kinds_testing.h"
#include "cr/kinds/origin.pb.h"
#include "fuzz/image_file.h"
#include "fuzz/verdict.h"

namespace {

using cr::kPageSize;
using cr::Result;
using cr::image::Writer;
using cr::kinds::Origin;
using cr::kinds::Sample;

constexpr pid_t kRoot = 100;
constexpr rlim_t kMostSeconds = 10;  // of CPU time, for making an image and judging it

Sample root() {
  Sample sample;
  sample.add_task(kRoot, 0, kRoot, kRoot);
  return sample;
}

// Each the only child of the one before.
Sample chain(pid_t tasks) {
  Sample sample = root();
  for (pid_t pid = kRoot + 1; pid < kRoot + tasks; ++pid) sample.add_task(pid, pid - 1, kRoot, kRoot);
  return sample;
}

Sample siblings(pid_t tasks) {
  Sample sample = root();
  for (pid_t pid = kRoot + 1; pid < kRoot + tasks; ++pid) sample.add_task(pid, kRoot, kRoot, kRoot);
  return sample;
}

Sample zombies(pid_t count) {
  Sample sample = root();
  for (pid_t pid = kRoot + 1; pid <= kRoot + count; ++pid) sample.add_zombie(pid, kRoot, kRoot, kRoot);
  return sample;
}

// Nobody is left in any group who led it: each has a stand-in.
Sample leaderless(pid_t count) {
  Sample sample = root();
  for (pid_t i = 0; i < count; ++i) sample.add_zombie(kRoot + 1 + i, kRoot, kRoot, kRoot + 1 + count + i);
  return sample;
}

Sample threads(pid_t count) {
  Sample sample = root();
  for (pid_t tid = kRoot + 1; tid <= kRoot + count; ++tid) sample.add_thread(kRoot, tid);
  return sample;
}

Sample one_description(uint32_t descriptors) {
  Sample sample = root();
  sample.add_regular(1, "/etc/passwd");
  for (uint32_t number = 0; number < descriptors; ++number) sample.add_descriptor(kRoot, number, 1);
  return sample;
}

Sample descriptions(uint32_t count) {
  Sample sample = root();
  for (uint32_t i = 0; i < count; ++i) {
    sample.add_regular(i + 1, "/etc/passwd");
    sample.add_descriptor(kRoot, i, i + 1);
  }
  return sample;
}

Sample mappings(uint64_t count) {
  Sample sample = root();
  for (uint64_t i = 0; i < count; ++i)
    sample.add_vma(kRoot, 0x10000000 + 2 * i * kPageSize, 0x10000000 + (2 * i + 1) * kPageSize);
  return sample;
}

Sample advice(int count) {
  Sample sample = root();
  auto& list = *sample.space(kRoot).mutable_vmas(1)->mutable_advice();
  list.Resize(count, MADV_SEQUENTIAL);
  return sample;
}

// What a record says no field of costs two bytes in the image.
Sample empty_submessages(int count) {
  Sample sample = root();
  for (int i = 0; i < count; ++i) sample.space(kRoot).add_vmas();
  return sample;
}

// Nor what no field at all says, below a message that there is once.
Sample unknown_fields(int count) {
  Sample sample = root();
  cr::kinds::Layout& layout = *sample.space(kRoot).mutable_layout();
  for (int i = 0; i < count; ++i) layout.GetReflection()->MutableUnknownFields(&layout)->AddVarint(15, 1);
  return sample;
}

void nothing_more(Origin&) {}

void empty_features(Origin& origin) {
  for (int i = 0; i < 8'000'000; ++i) origin.add_cpu_features();
}

struct Extreme {
  const char* name;
  bool sound;  // it could have been dumped, so it is not refused as invalid
  std::function<Sample()> make;
  std::function<void(Origin&)> say_more = nothing_more;
};

const std::vector<Extreme>& extremes() {
  static const std::vector<Extreme> all = {
      {"chain", true, [] { return chain(10'000); }},
      {"siblings", true, [] { return siblings(10'000); }},
      {"zombies", true, [] { return zombies(100'000); }},
      {"leaderless", true, [] { return leaderless(20'000); }},
      {"threads", true, [] { return threads(20'000); }},
      {"one_description", true, [] { return one_description(200'000); }},
      {"descriptions", true, [] { return descriptions(50'000); }},
      {"mappings", true, [] { return mappings(60'000); }},
      {"advice", false, [] { return advice(8'000'000); }},
      {"empty_submessages", false, [] { return empty_submessages(4'000'000); }},
      {"unknown_fields", false, [] { return unknown_fields(8'000'000); }},
      {"empty_features", false, root, empty_features},
  };
  return all;
}

Result<void> write(const Extreme& extreme, Writer& into) {
  const Sample sample = extreme.make();
  Origin origin;
  origin.set_root(kRoot), origin.add_word_sizes(64);
  extreme.say_more(origin);
  CR_TRY(into.add_record(cr::kinds::kOriginRecord, 0, origin.SerializeAsString()));
  for (const auto& [key, message] : sample.records.by_key())
    CR_TRY(into.add_record(key.first, key.second, message->SerializeAsString()));
  CR_TRY(into.commit());
  return {};
}

Result<std::string> image_of(const Extreme& extreme) {
  const cr::sys::UniqueFd file = fuzz::file_of("", 0);
  Writer writer = CR_TRY(Writer::to_stream(file.get(), extreme.name));
  CR_TRY(write(extreme, writer));
  return cr::sys::read_file(fuzz::path_of(file));
}

// Prints what came of it; was that right?
bool judge(const Extreme& extreme) {
  const auto image = image_of(extreme);
  if (!image) {
    fmt::print("{}: cannot be made: {}\n", extreme.name, image.error().message());
    return false;
  }
  const fuzz::Verdict verdict = fuzz::verdict_on(*image);
  std::string wrong;
  if (is_slow(verdict, *image)) wrong += " SLOW";
  if (is_greedy(verdict, *image)) wrong += " GREEDY";
  const bool invalid = !verdict.accepted && verdict.kind == cr::ErrorKind::kInvalidImage;
  if (!is_orderly(verdict) || invalid == extreme.sound) wrong += " WRONG";
  fmt::print("{:18} {:9} bytes {:8.3f} s {:10} bytes of memory{}  {}\n", extreme.name, image->size(),
             verdict.seconds, verdict.memory, wrong,
             verdict.accepted ? "accepted" : verdict.refusal.substr(0, 100));
  return wrong.empty();
}

// In a process of its own: what takes for ever ends, and the others are judged all the same.
bool judge_apart(const Extreme& extreme) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit most{kMostSeconds, kMostSeconds};
    ::setrlimit(RLIMIT_CPU, &most);
    const bool right = judge(extreme);
    std::fflush(stdout);
    ::_exit(right ? 0 : 1);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return false;
  if (WIFSIGNALED(status))
    fmt::print("{:18} ended by signal {}, perhaps after {} s\n", extreme.name, WTERMSIG(status),
               kMostSeconds);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> names(argv + 1, argv + argc);
  int tried = 0;
  bool right = true;
  for (const Extreme& extreme : extremes()) {
    if (!names.empty() && std::ranges::find(names, extreme.name) == names.end()) continue;
    ++tried;
    right = judge_apart(extreme) && right;
  }
  return right && tried != 0 ? 0 : 1;
}
