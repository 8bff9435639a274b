// Hand-made records for tests: a small sound tree, and single wrong fields.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <functional>
#include <string>
#include <vector>

#include "cr/image/hash.h"
#include "cr/kinds/attributes/attributes.pb.h"
#include "cr/kinds/files/files.pb.h"
#include "cr/kinds/membarrier/membarrier.pb.h"
#include "cr/kinds/memory/memory.pb.h"
#include "cr/kinds/shape.h"
#include "cr/kinds/signals/signals.pb.h"
#include "cr/kinds/task.pb.h"
#include "cr/kinds/thread/thread.pb.h"

namespace cr::kinds {

class Sample {
 public:
  Records records;

  Task& task(pid_t pid) { return *records.find<Task>(kTaskRecord, static_cast<uint64_t>(pid)); }
  Thread& thread(pid_t tid) { return *records.find<Thread>(kThreadRecord, static_cast<uint64_t>(tid)); }
  AddressSpace& space(pid_t pid) {
    return *records.find<AddressSpace>(kAddressSpaceRecord, static_cast<uint64_t>(pid));
  }
  Attributes& attributes(pid_t pid) {
    return *records.find<Attributes>(kAttributesRecord, static_cast<uint64_t>(pid));
  }
  Signals& signals(pid_t pid) { return *records.find<Signals>(kSignalsRecord, static_cast<uint64_t>(pid)); }
  DescriptorTable& table(pid_t pid) {
    return *records.find<DescriptorTable>(kDescriptorTableRecord, static_cast<uint64_t>(pid));
  }
  FileDescription& description(uint64_t id) {
    return *records.find<FileDescription>(kFileDescriptionRecord, id);
  }

  // A living task with one thread, a program and its vdso in memory, no descriptors.
  Task& add_task(pid_t pid, pid_t parent, pid_t sid, pid_t pgid, uint32_t word_size = 64) {
    Task& task = records.add<Task>(kTaskRecord, static_cast<uint64_t>(pid));
    task.set_pid(pid), task.set_parent(parent), task.set_sid(sid), task.set_pgid(pgid);
    task.set_word_size(word_size);
    add_space(pid);
    Attributes& attributes = records.add<Attributes>(kAttributesRecord, static_cast<uint64_t>(pid));
    attributes.set_pid(pid), attributes.set_cwd("/home"), attributes.set_root("/"), attributes.set_umask(022);
    for (uint32_t resource = 0; resource < RLIM_NLIMITS; ++resource) {
      Limit& limit = *attributes.add_limits();
      limit.set_resource(resource), limit.set_soft(8 << 20), limit.set_hard(~uint64_t{0});
    }
    records.add<Signals>(kSignalsRecord, static_cast<uint64_t>(pid)).set_pid(pid);
    records.add<DescriptorTable>(kDescriptorTableRecord, static_cast<uint64_t>(pid)).set_pid(pid);
    add_thread(pid, pid);
    return task;
  }

  Task& add_zombie(pid_t pid, pid_t parent, pid_t sid, pid_t pgid, uint32_t wait_status = 0) {
    Task& task = records.add<Task>(kTaskRecord, static_cast<uint64_t>(pid));
    task.set_pid(pid), task.set_parent(parent), task.set_sid(sid), task.set_pgid(pgid);
    task.set_zombie(true), task.set_wait_status(wait_status);
    return task;
  }

  Thread& add_thread(pid_t pid, pid_t tid) {
    task(pid).add_tids(tid);
    Thread& thread = records.add<Thread>(kThreadRecord, static_cast<uint64_t>(tid));
    thread.set_tid(tid), thread.set_pid(pid), thread.set_name("sample");
    Registers& registers = *thread.mutable_registers();
    registers.set_rip(0x401000), registers.set_rsp(0x7ff000), registers.set_orig_rax(~uint64_t{0});
    registers.set_cs(task(pid).word_size() == 32 ? 0x23 : 0x33), registers.set_ss(0x2b),
        registers.set_eflags(0x246);
    thread.set_xstate(std::string(576, '\0'));
    thread.set_altstack_flags(SS_DISABLE);
    return thread;
  }

  // Its registers are those of a call that the kernel means to go on with.
  Wait& add_wait(pid_t tid, Wait::Call call = Wait::POLL) {
    Registers& registers = *thread(tid).mutable_registers();
    registers.set_rax(static_cast<uint64_t>(-516)), registers.set_orig_rax(7);  // ERESTART_RESTARTBLOCK
    Wait& wait = *thread(tid).mutable_wait();
    wait.set_call(call);
    return wait;
  }

  Vma& add_vma(pid_t pid, uint64_t start, uint64_t end, uint32_t protection = PROT_READ | PROT_WRITE) {
    Vma& vma = *space(pid).add_vmas();
    vma.set_start(start), vma.set_end(end), vma.set_protection(protection);
    return vma;
  }

  PageRun& add_run(pid_t pid, uint64_t address, uint64_t length) {
    PageRun& run = *space(pid).add_runs();
    run.set_address(address), run.set_length(length);
    return run;
  }

  // The last pages of [start, end) are `code`.
  Vma& add_vdso(pid_t pid, uint64_t start, uint64_t end, const std::string& code) {
    Vma& vma = add_vma(pid, start, end, PROT_READ | PROT_EXEC);
    make_vdso(pid, vma, code);
    return vma;
  }
  void make_vdso(pid_t pid, Vma& vma, const std::string& code) {
    const uint64_t hash = image::hash_of(std::as_bytes(std::span(code)));
    if (records.find<Vdso>(kVdsoRecord, hash) == nullptr) records.add<Vdso>(kVdsoRecord, hash).set_code(code);
    space(pid).set_vdso_hash(hash);
    vma.set_backing(Vma::VDSO);
  }

  Membarrier& add_membarrier(pid_t pid, uint32_t registered) {
    Membarrier& record = records.add<Membarrier>(kMembarrierRecord, static_cast<uint64_t>(pid));
    record.set_pid(pid), record.set_registered(registered);
    return record;
  }

  SharedMemory& add_shared_memory(uint64_t id, uint64_t size) {
    SharedMemory& object = records.add<SharedMemory>(kSharedMemoryRecord, id);
    object.set_id(id), object.set_size(size);
    return object;
  }

  FileDescription& add_description(uint64_t id, uint32_t flags = O_RDONLY) {
    FileDescription& description = records.add<FileDescription>(kFileDescriptionRecord, id);
    description.set_id(id), description.set_flags(flags | kLargefile);
    return description;
  }
  FileDescription& add_regular(uint64_t id, const std::string& path, uint64_t position = 0) {
    FileDescription& description = add_description(id);
    description.set_position(position);
    RegularFile& file = *description.mutable_regular();
    file.set_path(path), file.set_size(100), file.set_mode(S_IFREG | 0644);
    return description;
  }
  Pipe& add_pipe(uint64_t id, uint64_t reader, uint64_t writer, const std::string& data = "") {
    add_description(reader, O_RDONLY).mutable_pipe_end()->set_pipe(id);
    add_description(writer, O_WRONLY).mutable_pipe_end()->set_pipe(id);
    Pipe& pipe = records.add<Pipe>(kPipeRecord, id);
    pipe.set_id(id), pipe.set_capacity(65536), pipe.set_data(data);
    return pipe;
  }
  Descriptor& add_descriptor(pid_t pid, uint32_t number, uint64_t description, bool close_on_exec = false) {
    Descriptor& descriptor = *table(pid).add_descriptors();
    descriptor.set_number(number), descriptor.set_description(description),
        descriptor.set_close_on_exec(close_on_exec);
    return descriptor;
  }

  static constexpr uint32_t kLargefile = 0100000;  // of the kernel; glibc defines it as 0

 private:
  void add_space(pid_t pid) {
    AddressSpace& space = records.add<AddressSpace>(kAddressSpaceRecord, static_cast<uint64_t>(pid));
    space.set_pid(pid);
    FileIdentity& exe = *space.add_files();
    exe.set_path("/bin/true"), exe.set_mode(S_IFREG | 0755), exe.set_size(8192);
    space.set_auxv(std::string(32, '\0'));
    Layout& layout = *space.mutable_layout();
    layout.set_start_code(0x400000), layout.set_end_code(0x402000);
    layout.set_start_data(0x402000), layout.set_end_data(0x402000);
    layout.set_start_brk(0x700000), layout.set_brk(0x700000), layout.set_start_stack(0x7ff800);
    layout.set_arg_start(0x7ffa00), layout.set_arg_end(0x7ffb00);
    layout.set_env_start(0x7ffb00), layout.set_env_end(0x7ffc00);
    Vma& text = add_vma(pid, 0x400000, 0x402000, PROT_READ | PROT_EXEC);
    text.set_backing(Vma::FILE);
    add_vma(pid, 0x700000, 0x800000);
  }
};

// A root with a child, a zombie, two threads, a pipe between the two, private and shared memory.
inline Sample small_tree() {
  Sample sample;
  sample.add_task(100, 0, 100, 100);
  sample.add_task(101, 100, 100, 100, 32);
  sample.add_zombie(102, 100, 100, 100, 7 << 8);
  sample.add_thread(100, 103);
  sample.add_pipe(9, 1, 2, "in the pipe");
  sample.add_regular(3, "/etc/passwd", 17);
  sample.add_descriptor(100, 0, 1);
  sample.add_descriptor(100, 5, 3, true);
  sample.add_descriptor(101, 1, 2);
  sample.add_shared_memory(1, 0x3000);
  sample.add_membarrier(100, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
  for (const pid_t pid : {100, 101}) {
    Vma& shared = sample.add_vma(pid, 0x900000, 0x903000);
    shared.set_backing(Vma::SHARED_ANONYMOUS), shared.set_shared(true), shared.set_object(1);
    sample.add_run(pid, 0x7fe000, 0x2000);
  }
  return sample;
}

inline Result<void> validate_all(const Records& records) {
  for (const auto& kind : all_kinds()) CR_TRY(kind->validate(records));
  return {};
}

// One wrong field: how it is made wrong, and what the message must say.
struct Broken {
  const char* words;
  std::function<void(Sample&)> spoil;
};

inline void expect_each_is_named(const std::function<Sample()>& sound, const std::vector<Broken>& cases) {
  const auto verdict = validate_all(sound().records);
  ASSERT_TRUE(verdict) << verdict.error().message();
  for (const Broken& broken : cases) {
    Sample sample = sound();
    broken.spoil(sample);
    const auto result = validate_all(sample.records);
    EXPECT_FALSE(result) << "accepted: " << broken.words;
    if (result) continue;
    EXPECT_EQ(result.error().kind(), ErrorKind::kInvalidImage);
    EXPECT_THAT(result.error().message(), ::testing::HasSubstr(broken.words));
  }
}

// How many pages each object has, as the runs of the records tell.
inline std::map<uint64_t, uint64_t> page_objects(const Records& records) {
  std::map<uint64_t, uint64_t> pages;
  for (const AddressSpace* space : records.all<AddressSpace>(kAddressSpaceRecord))
    for (const PageRun& run : space->runs())
      pages[static_cast<uint64_t>(space->pid())] += run.length() / kPageSize;
  for (const SharedMemory* object : records.all<SharedMemory>(kSharedMemoryRecord))
    for (const PageRun& run : object->runs()) pages[kSharedPages | object->id()] += run.length() / kPageSize;
  return pages;
}

// Each object's pages one after the other in the file, from 1 MiB times its id on.
inline uint64_t raw_place(uint64_t object) { return (object & 0xffff) << 20; }
inline image::PageTable raw_table(const std::map<uint64_t, uint64_t>& objects) {
  image::PageTable table;
  for (const auto& [id, pages] : objects) {
    image::Extent extent;
    extent.pages = pages, extent.offset = raw_place(id), extent.stored = pages * kPageSize;
    EXPECT_TRUE(table.add({{image::kPages, id}, 0, 0, 0, 0}, {&extent, 1}, image::Header{}));
  }
  return table;
}

// Writes the records of a sample and, behind them, its pages: `content` of page 0, 1, ... over all objects.
inline void write_sample(image::Writer& writer, const Records& records,
                         const std::function<std::string(size_t page)>& content) {
  for (const auto& [key, message] : records.by_key())
    ASSERT_TRUE(writer.add_record(key.first, key.second, message->SerializeAsString()));
  size_t next = 0;
  for (const auto& [id, pages] : page_objects(records))
    for (uint64_t page = 0; page < pages; ++page) {
      const std::string bytes = content(next++);
      ASSERT_EQ(bytes.size(), kPageSize);
      std::ranges::copy(std::as_bytes(std::span(bytes)), writer.page_room(id).value().begin());
      ASSERT_TRUE(writer.pages_filled(kPageSize));
    }
}

}  // namespace cr::kinds
