// The planned calls, run on a model of an address space, give the recorded one: for layouts of every shape.
#include "cr/kinds/memory/plan.h"

#include <sys/prctl.h>
#include <sys/syscall.h>

#include <random>

#include "cr/base/numbers.h"
#include "cr/kinds/kinds_testing.h"

namespace cr::kinds {
namespace {

struct Planned {
  Plan plan;
  PlanBuilder builder{plan};
  explicit Planned(const Sample& sample) {
    plan.store.add_list("store");
    plan.image_fd = 50, plan.image_store_fd = 201, plan.next_store_number = 300;
    for (const Task* task : sample.records.all<Task>(kTaskRecord))
      if (!task->zombie())
        plan.processes[task->pid()].lists[task->pid()] =
            plan.processes[task->pid()].program.add_list("x").index();
    for (const Phase phase : kPhases) plan_memory(phase, sample.records, builder);
  }
};

// What the kernel would have after the calls.
class Model {
 public:
  struct Mapping {
    uint64_t end = 0, protection = 0, flags = 0;
    bool locked = false;
    std::vector<uint64_t> advice;
  };
  struct Read {
    uint64_t address, length, offset;
  };

  void run(const std::vector<exec::Op>& ops) {
    for (const exec::Op& op : ops) {
      run_one(op);
      if (testing::Test::HasFatalFailure()) return;
    }
  }

  std::map<uint64_t, Mapping> mappings;
  std::vector<Read> reads;
  std::optional<uint64_t> vdso;
  int layouts_set = 0;

 private:
  void run_one(const exec::Op& op) {
    const auto& a = op.args;
    if (op.kind == exec::OpKind::kReadFully) return read(op);
    if (op.kind != exec::OpKind::kSyscall) return;
    switch (op.nr) {
      case SYS_mmap: {
        ASSERT_NE(a[3] & MAP_FIXED_NOREPLACE, 0u) << "never over anything";
        ASSERT_EQ(op.expect, exec::Expect::kEqual) << "an old kernel takes the address as a hint";
        ASSERT_EQ(op.expected, static_cast<int64_t>(a[0]));
        const auto above = mappings.lower_bound(a[0]);
        ASSERT_TRUE(above == mappings.end() || above->first >= a[0] + a[1]) << "over a mapping";
        ASSERT_TRUE(above == mappings.begin() || std::prev(above)->second.end <= a[0]) << "over a mapping";
        mappings[a[0]] = {a[0] + a[1], a[2], a[3], false, {}};
        return;
      }
      case SYS_mprotect:
        whole(a[0], a[1]).protection = a[2];
        return;
      case SYS_madvise:
        whole(a[0], a[1]).advice.push_back(a[2]);
        return;
      case SYS_mlock2:
        whole(a[0], a[1]).locked = true;
        return;
      case SYS_arch_prctl:
        vdso = a[1];
        return;
      case SYS_prctl:
        ASSERT_EQ(a[0], static_cast<uint64_t>(PR_SET_MM));
        ++layouts_set;
        return;
      default:
        ASSERT_TRUE(op.nr == SYS_pidfd_getfd || op.nr == SYS_close) << "an unexpected call " << op.nr;
    }
  }

  void read(const exec::Op& op) {
    const uint64_t address = op.args[1], length = op.args[2];
    ASSERT_EQ(op.args[0], 50u) << "from the image";
    const auto above = mappings.upper_bound(address);
    ASSERT_NE(above, mappings.begin()) << "into nothing";
    const Mapping& mapping = std::prev(above)->second;
    ASSERT_LE(address + length, mapping.end) << "beyond its mapping";
    ASSERT_NE(mapping.protection & PROT_WRITE, 0u) << "into memory that cannot be written yet";
    ASSERT_NE(mapping.flags & MAP_PRIVATE, 0u) << "into somebody else's memory";
    reads.push_back({address, length, op.args[3]});
  }

  Mapping& whole(uint64_t address, uint64_t length) {
    const auto found = mappings.find(address);
    if (found == mappings.end() || found->second.end != address + length) {
      ADD_FAILURE() << "a call for no mapping at " << std::hex << address;
      return nothing_;
    }
    return found->second;
  }

  Mapping nothing_;
};

Sample random_space(std::mt19937_64& random) {
  Sample sample;
  sample.add_task(100, 0, 100, 100, random() % 2 == 0 ? 32 : 64);
  sample.add_shared_memory(1, 1 << 20);
  sample.space(100).clear_vmas();
  sample.space(100).mutable_files(0)->set_size(1 << 30);
  uint64_t at = 0x10000;
  bool has_vdso = false;
  for (uint64_t count = random() % 30; count > 0; --count) {
    at += random() % 3 * kPageSize;
    const uint64_t pages = 1 + random() % 20;
    Vma& vma = sample.add_vma(100, at, at + pages * kPageSize, static_cast<uint32_t>(random() % 8));
    at = vma.end();
    switch (random() % 6) {
      case 0:
        vma.set_backing(Vma::FILE), vma.set_offset(random() % 4 * kPageSize);
        vma.set_shared(random() % 2 == 0), vma.set_file_writable(vma.shared());
        break;
      case 1:
        vma.set_backing(Vma::SHARED_ANONYMOUS), vma.set_shared(true), vma.set_object(1);
        break;
      case 2:
        if (!has_vdso) sample.make_vdso(100, vma, std::string(kPageSize, 'v'));
        has_vdso = true;
        break;
      case 3:
        vma.set_grows_down(true);
        break;
      default:
        vma.set_no_reserve(random() % 2 == 0), vma.set_locked(random() % 4 == 0);
        if (random() % 3 == 0) vma.add_advice(MADV_DONTFORK);
    }
    if (vma.shared() || vma.backing() == Vma::VDSO) continue;
    for (uint64_t page = vma.start(); page < vma.end();) {
      const uint64_t length = std::min((1 + random() % 3) * kPageSize, vma.end() - page);
      if (random() % 3 == 0) sample.add_run(100, page, length);
      page += length;
    }
  }
  return sample;
}

void comes_out_as_recorded(const Sample& sample) {
  const AddressSpace& space = *sample.records.find<AddressSpace>(kAddressSpaceRecord, 100);
  Planned planned(sample);
  Model model;
  model.run(planned.builder.process(100).ops());
  if (testing::Test::HasFatalFailure()) return;
  size_t mapped = 0;
  for (const Vma& vma : space.vmas()) {
    if (vma.backing() == Vma::VDSO) {
      EXPECT_EQ(model.vdso, vma.start());
      EXPECT_EQ(planned.plan.processes.at(100).vdso_end, vma.end());
      continue;
    }
    ++mapped;
    ASSERT_TRUE(model.mappings.contains(vma.start()));
    const Model::Mapping& mapping = model.mappings.at(vma.start());
    EXPECT_EQ(mapping.end, vma.end());
    EXPECT_EQ(mapping.protection, vma.protection());
    EXPECT_EQ((mapping.flags & MAP_TYPE) == MAP_SHARED, vma.shared());
    EXPECT_EQ((mapping.flags & MAP_ANONYMOUS) != 0, vma.backing() == Vma::ANONYMOUS);
    EXPECT_EQ((mapping.flags & MAP_GROWSDOWN) != 0, vma.grows_down());
    EXPECT_EQ((mapping.flags & MAP_NORESERVE) != 0, vma.no_reserve());
    EXPECT_EQ(mapping.locked, vma.locked());
    EXPECT_EQ(mapping.advice, std::vector<uint64_t>(vma.advice().begin(), vma.advice().end()));
  }
  EXPECT_EQ(model.mappings.size(), mapped);
  EXPECT_EQ(model.layouts_set, 1);
  ASSERT_EQ(model.reads.size(), static_cast<size_t>(space.runs_size()));
  uint64_t offset = 0;
  for (int i = 0; i < space.runs_size(); ++i) {
    const Model::Read& read = model.reads[static_cast<size_t>(i)];
    EXPECT_EQ(read.address, space.runs(i).address());
    EXPECT_EQ(read.length, space.runs(i).length());
    EXPECT_EQ(read.offset, raw_place(100) + offset);
    offset += read.length;
  }
}

TEST(MemoryPlan, LayoutsOfEveryShapeComeOutAsRecorded) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 300; ++round) {
    Sample sample = random_space(random);
    const image::PageTable table = raw_table(page_objects(sample.records));
    sample.records.pages = &table;
    const auto verdict = validate_all(sample.records);
    ASSERT_TRUE(verdict) << verdict.error().message();
    comes_out_as_recorded(sample);
    ASSERT_FALSE(testing::Test::HasFailure()) << "round " << round;
  }
}

// Read-only memory with pages of its own can be filled only while it is writable.
TEST(MemoryPlan, ProtectsOnlyWhatHadToBeOpened) {
  Sample sample;
  sample.add_task(100, 0, 100, 100);
  sample.add_vma(100, 0xa00000, 0xa02000, PROT_READ);
  sample.add_vma(100, 0xb00000, 0xb02000, PROT_READ);
  sample.add_run(100, 0xa01000, 0x1000);
  Planned planned(sample);
  std::vector<uint64_t> protected_at;
  for (const exec::Op& op : planned.builder.process(100).ops())
    if (op.kind == exec::OpKind::kSyscall && op.nr == SYS_mprotect) protected_at.push_back(op.args[0]);
  EXPECT_EQ(protected_at, std::vector<uint64_t>{0xa00000});
}

// What is the same as others is read from where these are, even if they are in pieces; zeros from nowhere.
TEST(MemoryPlan, TheSameIsReadWhereItIs) {
  Sample sample;
  sample.add_task(100, 0, 100, 100);
  sample.add_vma(100, 0xa00000, 0xa08000);
  sample.add_run(100, 0xa00000, 0x8000);
  image::Extent one{.pages = 2, .first = 0, .offset = 0x5000, .stored = 0x2000};
  image::Extent other{.pages = 1, .first = 2, .offset = 0x9000, .stored = 0x1000};
  image::Extent zero{.kind = image::ExtentKind::kZero, .pages = 1, .first = 3};
  image::Extent same{
      .kind = image::ExtentKind::kSame, .pages = 4, .first = 4, .source_id = 100, .source_page = 0};
  image::PageTable table;
  ASSERT_TRUE(
      table.add({{image::kPages, 100}, 0, 0, 0, 0}, std::vector{one, other, zero, same}, image::Header{}));
  sample.records.pages = &table;
  const Planned planned(sample);
  std::vector<std::pair<uint64_t, uint64_t>> reads;
  for (const exec::Op& op : planned.plan.processes.at(100).program.list(0).ops())
    if (op.kind == exec::OpKind::kReadFully) reads.emplace_back(op.args[1], op.args[3]);
  EXPECT_EQ(reads, (std::vector<std::pair<uint64_t, uint64_t>>{
                       {0xa00000, 0x5000}, {0xa02000, 0x9000}, {0xa04000, 0x5000}, {0xa06000, 0x9000}}));
  EXPECT_TRUE(planned.plan.processes.at(100).fills.empty());
}

// What the image does not hold as it is goes to the engine; zeros where memory is fresh go nowhere.
TEST(MemoryPlan, TheEngineFillsWhatCannotBeReadDirectly) {
  Sample sample;
  sample.add_task(100, 0, 100, 100);
  sample.add_vma(100, 0xa00000, 0xa08000);
  sample.add_run(100, 0xa00000, 0x8000);
  image::Extent raw{.pages = 2, .first = 0, .offset = 0x5000, .stored = 0x2000};
  image::Extent zero{.kind = image::ExtentKind::kZero, .pages = 2, .first = 2};
  image::Extent same{
      .kind = image::ExtentKind::kSame, .pages = 1, .first = 4, .source_id = 100, .source_page = 1};
  image::Extent packed{
      .kind = image::ExtentKind::kZstd, .pages = 3, .first = 5, .offset = 0x9000, .stored = 10};
  image::PageTable table;
  image::Header header{};
  header.required_features = image::kFeatureZstd;
  ASSERT_TRUE(table.add({{image::kPages, 100}, 0, 0, 0, 0}, std::vector{raw, zero, same, packed}, header));
  sample.records.pages = &table;
  ASSERT_TRUE(validate_all(sample.records));
  const Planned planned(sample);
  std::vector<std::pair<uint64_t, uint64_t>> reads;
  for (const exec::Op& op : planned.plan.processes.at(100).program.list(0).ops())
    if (op.kind == exec::OpKind::kReadFully) reads.emplace_back(op.args[1], op.args[3]);
  EXPECT_EQ(reads, (std::vector<std::pair<uint64_t, uint64_t>>{{0xa00000, 0x5000}, {0xa04000, 0x6000}}));
  const auto& fills = planned.plan.processes.at(100).fills;
  ASSERT_EQ(fills.size(), 1u);
  EXPECT_EQ(fills[0].first, 5u);
  EXPECT_EQ(fills[0].pages, 3u);
  EXPECT_EQ(fills[0].address, 0xa05000u);

  // Of a stream nothing is known yet.
  sample.records.pages = nullptr;
  const Planned streamed(sample);
  ASSERT_EQ(streamed.plan.processes.at(100).fills.size(), 1u);
  EXPECT_EQ(streamed.plan.processes.at(100).fills[0].pages, 8u);
  EXPECT_TRUE(streamed.plan.processes.at(100).fills[0].fresh);
}

TEST(MemoryPlan, FilesAreOpenedOnceAndOnlyWritableWhereNeeded) {
  Sample sample = small_tree();
  Vma& vma = sample.add_vma(100, 0xa00000, 0xa01000);
  vma.set_backing(Vma::FILE), vma.set_shared(true), vma.set_file_writable(true);
  Planned planned(sample);
  std::vector<uint64_t> modes;
  for (const exec::Op& op : planned.builder.store().ops())
    if (op.nr == SYS_openat && op.args[0] == static_cast<uint64_t>(AT_FDCWD))
      modes.push_back(op.args[2] & O_ACCMODE);
  // The program for reading, once for both tasks; once more to write; the shared object.
  EXPECT_EQ(modes, (std::vector<uint64_t>{O_RDONLY, O_RDWR, O_RDWR}));
  ASSERT_EQ(planned.plan.files.size(), 2u);
  EXPECT_EQ(planned.plan.files[0].path, "/bin/true");
}

TEST(MemoryPlan, DeadlinesAreLookedAtWhileSharedObjectsAreFilled) {
  constexpr uint64_t kPiece = uint64_t{64} << 20;
  Sample sample = small_tree();
  SharedMemory& object = *sample.records.find<SharedMemory>(kSharedMemoryRecord, 1);
  object.set_size(8 * kPiece);
  for (uint64_t i = 0; i < 3; ++i) {
    PageRun& run = *object.add_runs();
    run.set_address(2 * i * kPiece), run.set_length(kPiece);
  }
  const image::PageTable table = raw_table(page_objects(sample.records));
  sample.records.pages = &table;
  Planned planned(sample);
  std::string order;
  for (const exec::Op& op : planned.builder.store().ops()) {
    if (op.kind == exec::OpKind::kReadFully) order += 'r';
    if (op.kind == exec::OpKind::kTrap) order += 't';
  }
  EXPECT_EQ(order, "rtrtrt");
}

TEST(MemoryPlan, SharedObjectsAreFilledOnceBeforeAnybodyMapsThem) {
  Sample sample = small_tree();
  SharedMemory& object = *sample.records.find<SharedMemory>(kSharedMemoryRecord, 1);
  PageRun& run = *object.add_runs();
  run.set_address(0x1000), run.set_length(0x2000);
  const image::PageTable table = raw_table(page_objects(sample.records));
  sample.records.pages = &table;
  ASSERT_TRUE(validate_all(sample.records));
  Planned planned(sample);
  uint64_t base = 0, size = 0;
  int reads = 0, unmaps = 0;
  for (const exec::Op& op : planned.builder.store().ops()) {
    if (op.kind == exec::OpKind::kReadFully) {
      ++reads;
      EXPECT_EQ(op.args[0], 201u);
      EXPECT_EQ(op.args[1], base + 0x1000);
      EXPECT_EQ(op.args[2], 0x2000u);
      EXPECT_EQ(op.args[3], raw_place(kSharedPages | 1));
    } else if (op.nr == SYS_mmap) {
      base = op.args[0], size = op.args[1];
      EXPECT_EQ(size, 0x3000u);
    } else if (op.nr == SYS_munmap) {
      ++unmaps;
      EXPECT_EQ(op.args[0], base);
      EXPECT_EQ(op.args[1], size);
    }
  }
  EXPECT_EQ(reads, 1);
  EXPECT_EQ(unmaps, 1);
}

}  // namespace
}  // namespace cr::kinds
