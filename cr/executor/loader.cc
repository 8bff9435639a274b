#include "cr/executor/loader.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

#include "cr/base/numbers.h"
#include "cr/executor/embedded.h"

namespace cr::exec {
namespace {

// The end of loader_code.S, field by field.
struct LoaderBlock {
  uint64_t plan_fd;
  uint64_t area_base;
  uint64_t area_size;
  uint64_t code_size;
  uint64_t entry;
  uint64_t control;
  uint64_t stack_top;
};

constexpr uint64_t kCodeAt = 0x100;  // behind the headers of either word size
constexpr uint64_t kEntry32 = 0;
constexpr uint64_t kEntry64 = 32;

struct Elf32 {
  using Header = Elf32_Ehdr;
  using Segment = Elf32_Phdr;
  static constexpr unsigned char kClass = ELFCLASS32;
  static constexpr uint16_t kMachine = EM_386;
  static constexpr uint64_t kEntry = kEntry32;
  static constexpr uint64_t kLimit = kUserEnd32;
};

struct Elf64 {
  using Header = Elf64_Ehdr;
  using Segment = Elf64_Phdr;
  static constexpr unsigned char kClass = ELFCLASS64;
  static constexpr uint16_t kMachine = EM_X86_64;
  static constexpr uint64_t kEntry = kEntry64;
  static constexpr uint64_t kLimit = kUserEnd64;
};

template <typename T>
void put(std::string& file, uint64_t offset, const T& value) {
  CR_CHECK(offset + sizeof(T) <= file.size());
  std::memcpy(file.data() + offset, &value, sizeof(T));
}

template <typename Elf>
void put_headers(std::string& file, uint64_t load_address) {
  typename Elf::Header header{};
  std::copy_n(ELFMAG, SELFMAG, header.e_ident);
  header.e_ident[EI_CLASS] = Elf::kClass;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = Elf::kMachine;
  header.e_version = EV_CURRENT;
  header.e_entry = static_cast<decltype(header.e_entry)>(load_address + kCodeAt + Elf::kEntry);
  header.e_phoff = sizeof(header);
  header.e_ehsize = sizeof(header);
  header.e_phentsize = sizeof(typename Elf::Segment);
  header.e_phnum = 2;
  put(file, 0, header);

  typename Elf::Segment code{};
  code.p_type = PT_LOAD;
  code.p_flags = PF_R | PF_X;
  code.p_vaddr = static_cast<decltype(code.p_vaddr)>(load_address);
  code.p_paddr = code.p_vaddr;
  code.p_filesz = static_cast<decltype(code.p_filesz)>(file.size());
  code.p_memsz = code.p_filesz;
  code.p_align = kPageSize;
  put(file, sizeof(header), code);

  // Without it the kernel makes everything readable executable too, and the task would keep that personality.
  typename Elf::Segment stack{};
  stack.p_type = PT_GNU_STACK;
  stack.p_flags = PF_R | PF_W;
  stack.p_align = 16;
  put(file, sizeof(header) + sizeof(code), stack);
}

template <typename Elf>
Result<void> check_addresses(const LoaderParams& params) {
  const auto area_end = checked_add(params.area_base, params.area_size);
  if (params.load_address >= Elf::kLimit || !area_end || *area_end > Elf::kLimit)
    return fail(ErrorKind::kInternal, "loader at {:x}, area at {:x}+{:x}: out of the reach of the task",
                params.load_address, params.area_base, params.area_size);
  if (params.load_address + kPageSize > params.area_base && params.load_address < *area_end)
    return fail(ErrorKind::kInternal, "loader at {:x} lies in the area it maps", params.load_address);
  const bool pages = page_aligned(params.load_address) && page_aligned(params.area_base) &&
                     page_aligned(params.area_size) && page_aligned(params.code_size);
  if (!pages || params.code_size == 0 || params.code_size >= params.area_size)
    return fail(ErrorKind::kInternal, "loader at {:x}, area {:x}+{:x}, code {:x}: not whole pages",
                params.load_address, params.area_base, params.area_size, params.code_size);
  return {};
}

}  // namespace

LoaderParams LoaderParams::for_list(const Area& area, uint32_t list, uint64_t load_address, int plan_fd) {
  CR_CHECK(list < area.list_count);
  return {.load_address = load_address,
          .plan_fd = plan_fd,
          .area_base = area.base,
          .area_size = area.size(),
          .code_size = area.code_size,
          .entry = area.entry(),
          .control = area.control(list),
          .stack_top = area.stack_top(list)};
}

Result<std::string> make_loader(WordSize word_size, const LoaderParams& params) {
  const bool wide = word_size == WordSize::k64;
  CR_TRY(wide ? check_addresses<Elf64>(params) : check_addresses<Elf32>(params));

  std::string file(kCodeAt, '\0');
  file += loader_code();
  CR_CHECK(file.size() <= kPageSize && loader_code().size() > sizeof(LoaderBlock));
  if (wide) {
    put_headers<Elf64>(file, params.load_address);
  } else {
    put_headers<Elf32>(file, params.load_address);
  }
  const LoaderBlock block{static_cast<uint64_t>(params.plan_fd),
                          params.area_base,
                          params.area_size,
                          params.code_size,
                          params.entry,
                          params.control,
                          params.stack_top};
  put(file, file.size() - sizeof(block), block);
  return file;
}

}  // namespace cr::exec
