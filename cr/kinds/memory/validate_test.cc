// Mappings, page runs and shared objects that no address space can have are named.
#include "cr/base/numbers.h"
#include "cr/image/hash.h"
#include "cr/kinds/kinds_testing.h"

namespace cr::kinds {
namespace {

// Of task 100: 0 the program, 1 private memory, 2 shared memory.
Vma& vma(Sample& sample, int index) { return *sample.space(100).mutable_vmas(index); }
PageRun& run(Sample& sample, int index) { return *sample.space(100).mutable_runs(index); }
SharedMemory& object(Sample& sample) { return *sample.records.find<SharedMemory>(kSharedMemoryRecord, 1); }
void add_object_run(Sample& sample, uint64_t address, uint64_t length) {
  PageRun& run = *object(sample).add_runs();
  run.set_address(address), run.set_length(length);
}

TEST(Memory, EachWrongMappingIsNamed) {
  expect_each_is_named(
      small_tree,
      {
          {"task 100: no address space record", [](Sample& s) { s.space(100).set_pid(101); }},
          {"an address space without a task",
           [](Sample& s) { s.records.add<AddressSpace>(kAddressSpaceRecord, 555); }},
          {"task 100: mapping 0x700001-0x800000: outside user space or not page aligned",
           [](Sample& s) { vma(s, 1).set_start(0x700001); }},
          {"not page aligned", [](Sample& s) { vma(s, 1).set_end(0x800800); }},
          {"outside user space", [](Sample& s) { vma(s, 1).set_end(0x700000); }},
          {"outside user space", [](Sample& s) { vma(s, 0).set_start(0); }},
          {"outside user space", [](Sample& s) { s.add_vma(100, 0x7ffffffff000, 0x800000000000); }},
          {"outside user space", [](Sample& s) { s.add_vma(100, 0xffffffffff600000, 0xffffffffff601000); }},
          {"task 101: mapping 0x100000000-0x100001000: outside user space",
           [](Sample& s) { s.add_vma(101, 0x100000000, 0x100001000); }},
          {"overlaps the one before it", [](Sample& s) { s.add_vma(100, 0x902000, 0x904000); }},
          {"overlaps the one before it", [](Sample& s) { s.add_vma(100, 0x500000, 0x501000); }},
          {"backing 4", [](Sample& s) { vma(s, 1).set_backing(static_cast<Vma::Backing>(4)); }},
          {"protection 0x1000003", [](Sample& s) { vma(s, 1).set_protection(3 | PROT_GROWSDOWN); }},
          {"offset 0x10", [](Sample& s) { vma(s, 0).set_offset(0x10); }},
          {"offset 0x7ffffffffffff000", [](Sample& s) { vma(s, 0).set_offset(0x7ffffffffffff000); }},
          {"mapping 0x400000-0x402000: file 1", [](Sample& s) { vma(s, 0).set_file(1); }},
          {"private and shared at once", [](Sample& s) { vma(s, 1).set_shared(true); }},
          {"private and shared at once", [](Sample& s) { vma(s, 2).set_shared(false); }},
          {"shared memory object 2 has no record", [](Sample& s) { vma(s, 2).set_object(2); }},
          {"only anonymous memory grows down", [](Sample& s) { vma(s, 0).set_grows_down(true); }},
          {"advice 4", [](Sample& s) { vma(s, 1).add_advice(MADV_DONTNEED); }},
          {"advice 100", [](Sample& s) { vma(s, 1).add_advice(100); }},
          {"two vdsos",
           [](Sample& s) {
             s.add_vma(100, 0xa00000, 0xa02000).set_backing(Vma::VDSO);
             s.add_vma(100, 0xb00000, 0xb02000).set_backing(Vma::VDSO);
           }},
          {"a mapped file without an absolute path",
           [](Sample& s) { s.space(100).mutable_files(0)->set_path("true"); }},
          {"exe is file 9", [](Sample& s) { s.space(100).set_exe(9); }},
          {"auxv of 528 bytes", [](Sample& s) { s.space(100).set_auxv(std::string(528, '\0')); }},
          {"auxv of 0 bytes", [](Sample& s) { s.space(100).set_auxv(""); }},
          {"auxv of 24 bytes", [](Sample& s) { s.space(100).set_auxv(std::string(24, '\0')); }},
          {"auxv of 16 bytes that ends in 0x101010101010101, not in AT_NULL",
           [](Sample& s) { s.space(100).set_auxv(std::string(16, '\1')); }},
          {"layout: 0xfff is not in user space",
           [](Sample& s) { s.space(100).mutable_layout()->set_start_code(0xfff); }},
          {"task 101: /bin/true is another file elsewhere: of 8192 bytes",
           [](Sample& s) { s.space(101).mutable_files(0)->set_size(8193); }},
          {"task 101: /bin/true is another file elsewhere",
           [](Sample& s) { s.space(101).mutable_files(0)->set_mtime_ns(-1); }},
          {"task 100: /bin/true is another file elsewhere",
           [](Sample& s) {
             *s.space(100).add_files() = s.space(100).files(0);
             s.space(100).mutable_files(1)->set_size(1);
           }},
      });
}

TEST(Memory, EachWrongRunIsNamed) {
  expect_each_is_named(
      small_tree,
      {
          {"page run 0x7fe001+0x2000", [](Sample& s) { run(s, 0).set_address(0x7fe001); }},
          {"page run 0x7fe000+0x0", [](Sample& s) { run(s, 0).set_length(0); }},
          {"page run 0x7fe000+0x1001", [](Sample& s) { run(s, 0).set_length(0x1001); }},
          {"page run 0x7fe000+0x2000", [](Sample& s) { s.add_run(100, 0x7fe000, 0x2000); }},
          {"page run", [](Sample& s) { s.add_run(100, 0x701000, 0x1000); }},  // below the one before it
          {"page run 0x7ff000+0x2000 is in no private mapping",
           [](Sample& s) { run(s, 0).set_address(0x7ff000); }},                               // sticks out
          {"is in no private mapping", [](Sample& s) { run(s, 0).set_address(0x6fe000); }},   // between
          {"is in no private mapping", [](Sample& s) { s.add_run(100, 0x900000, 0x1000); }},  // shared
          {"is in no private mapping",
           [](Sample& s) { s.add_run(100, 0xfffffffffffff000 - 0x1000, 0x1000); }},  // far beyond
          {"page run 0x401000+0x1000 is beyond the end of /bin/true, which has 4096 bytes",
           [](Sample& s) {
             s.space(100).mutable_files(0)->set_size(4096);
             run(s, 0).set_address(0x401000), run(s, 0).set_length(0x1000);
           }},
          {"page run 0xfffffffffffff000+0x1000",
           [](Sample& s) { s.add_run(100, 0xfffffffffffff000, 0x1000); }},  // wraps
          {"shared memory 4294967297: filed elsewhere",
           [](Sample& s) { s.add_shared_memory(kSharedPages | 1, 0x3000); }},
          {"a vdso whose content is not known",
           [](Sample& s) { s.add_vma(100, 0xa00000, 0xa02000).set_backing(Vma::VDSO); }},
          {"the content of none", [](Sample& s) { s.space(100).set_vdso_hash(7); }},
          {"two vdsos",
           [](Sample& s) {
             s.add_vdso(100, 0xa00000, 0xa02000, std::string(kPageSize, 'v'));
             s.add_vma(100, 0xa02000, 0xa04000).set_backing(Vma::VDSO);
           }},
          {"maps /bin/true, whose mode",
           [](Sample& s) { s.space(100).mutable_files(0)->set_mode(S_IFIFO | 0600); }},
          {"maps /bin/true, whose mode",  // shared, it would be a device
           [](Sample& s) {
             s.space(100).mutable_files(0)->set_mode(S_IFCHR | 0600), vma(s, 0).set_shared(true);
           }},
          {"exe /bin/true is no regular file",
           [](Sample& s) {
             *s.space(100).add_files() = s.space(100).files(0);
             s.space(100).mutable_files(0)->set_mode(S_IFCHR | 0600);
           }},
          {"its file was not open for writing",
           [](Sample& s) { vma(s, 0).set_shared(true), vma(s, 0).set_protection(PROT_WRITE); }},
          {"only private anonymous memory is wiped",
           [](Sample& s) { vma(s, 0).add_advice(MADV_WIPEONFORK); }},
          {"advice 10", [](Sample& s) { vma(s, 1).add_advice(10), vma(s, 1).add_advice(10); }},
          {"layout: 0x0 is not in user space",
           [](Sample& s) { s.space(100).mutable_layout()->clear_start_stack(); }},
          {"layout: 0xffffe000 is not in user space",
           [](Sample& s) { s.space(101).mutable_layout()->set_brk(0xffffe000); }},
          {"layout: a part that ends before it begins",
           [](Sample& s) { s.space(100).mutable_layout()->set_end_code(0x400000); }},
          {"shared memory 5: filed elsewhere", [](Sample& s) { object(s).set_id(5); }},
          {"shared memory 1: 0 bytes", [](Sample& s) { object(s).set_size(0); }},
          {"shared memory 1: 70368744177665 bytes",
           [](Sample& s) { object(s).set_size((uint64_t{1} << 46) + 1); }},
          {"shared memory 1: a run beyond its end", [](Sample& s) { add_object_run(s, 0x2000, 0x2000); }},
      });
}

void add_vdso(Sample& sample, const std::string& code, uint64_t wrong_by = 0) {
  const uint64_t hash = image::hash_of(std::as_bytes(std::span(code)));
  sample.records.add<Vdso>(kVdsoRecord, hash + wrong_by).set_code(code);
}

TEST(Memory, EachWrongVdsoIsNamed) {
  const std::string sound(kPageSize, 'v');
  expect_each_is_named(
      small_tree, {
                      {": 0 bytes", [](Sample& s) { add_vdso(s, ""); }},
                      {": 4095 bytes", [](Sample& s) { add_vdso(s, std::string(4095, 'v')); }},
                      {": 266240 bytes", [](Sample& s) { add_vdso(s, std::string(65 * kPageSize, 'v')); }},
                      {": filed elsewhere", [&](Sample& s) { add_vdso(s, sound, 1); }},
                  });
}

TEST(Memory, ThePagesOfTheImageAreThoseOfTheRecords) {
  const auto verdict_with = [](const std::map<uint64_t, uint64_t>& objects) {
    Sample sample = small_tree();
    const image::PageTable table = raw_table(objects);
    sample.records.pages = &table;
    const auto verdict = validate_all(sample.records);
    return verdict ? "" : verdict.error().message();
  };
  const auto told = page_objects(small_tree().records);
  EXPECT_EQ(verdict_with(told), "");
  auto fewer = told, stranger = told, more = told;
  fewer.erase(100);
  EXPECT_THAT(verdict_with(fewer), ::testing::HasSubstr("has 0x0 pages, its runs tell of"));
  more[100] += 1;
  EXPECT_THAT(verdict_with(more), ::testing::HasSubstr("task 100: has"));
  stranger[77] = 1;
  EXPECT_THAT(verdict_with(stranger), ::testing::HasSubstr("pages of object 0x4d, which has no record"));
}

TEST(Memory, UnusualButSoundPasses) {
  const std::vector<std::function<void(Sample&)>> sound = {
      [](Sample& s) { s.add_vma(100, 0x7fffffffe000, 0x7ffffffff000); },
      [](Sample& s) { s.add_vma(101, 0xffffd000, 0xffffe000); },
      [](Sample& s) { vma(s, 1).set_protection(0); },
      [](Sample& s) {
        vma(s, 1).set_grows_down(true), vma(s, 1).set_locked(true), vma(s, 1).add_advice(MADV_HUGEPAGE);
      },
      [](Sample& s) { s.add_vdso(100, 0xa00000, 0xa02000, std::string(kPageSize, 'v')); },
      [](Sample& s) { add_vdso(s, std::string(2 * kPageSize, 'v')); },
      [](Sample& s) { s.space(101).mutable_files(0)->set_mode(S_IFREG | 0700); },  // chmod(2) is no write
      [](Sample& s) { s.space(100).set_auxv(std::string(496, 'x') + std::string(16, '\0')); },
      [](Sample& s) { s.add_vma(100, 0x903000, 0x904000); },  // touches the one before it
      [](Sample& s) { add_object_run(s, 0x1000, 0x2000); },
      [](Sample& s) {
        object(s).set_size(0x2001), add_object_run(s, 0x2000, 0x1000);
      },  // its last page counts whole
  };
  for (size_t i = 0; i < sound.size(); ++i) {
    Sample sample = small_tree();
    sound[i](sample);
    const auto verdict = validate_all(sample.records);
    EXPECT_TRUE(verdict) << i << ": " << verdict.error().message();
  }
}

}  // namespace
}  // namespace cr::kinds
