#include "cr/kinds/memory/vdso_functions.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

#include "cr/kinds/records.h"

namespace cr::kinds {
namespace {

struct Elf32 {
  static constexpr unsigned char kClass = ELFCLASS32;
  using Header = Elf32_Ehdr;
  using Section = Elf32_Shdr;
  using Symbol = Elf32_Sym;
};
struct Elf64 {
  static constexpr unsigned char kClass = ELFCLASS64;
  using Header = Elf64_Ehdr;
  using Section = Elf64_Shdr;
  using Symbol = Elf64_Sym;
};

Failure cut_short(std::string_view what) { return invalid("a vdso whose {} lies outside of it", what); }

template <typename T>
Result<T> take(std::string_view bytes, uint64_t offset, std::string_view what) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return cut_short(what);
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

Result<std::string_view> part(std::string_view bytes, uint64_t offset, uint64_t size, std::string_view what) {
  if (offset > bytes.size() || bytes.size() - offset < size) return cut_short(what);
  return bytes.substr(offset, size);
}

template <typename Elf>
class Reader {
 public:
  explicit Reader(std::string_view code) : code_(code) {}

  Result<VdsoFunctions> read() {
    const auto header = CR_TRY(take<typename Elf::Header>(code_, 0, "header"));
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != Elf::kClass)
      return invalid("a vdso that is no ELF file of its task's word size");
    std::optional<Section> symbols;
    for (uint32_t i = 0; i < header.e_shnum; ++i) {
      const Section section = CR_TRY(section_at(header, i));
      if (section.sh_type == SHT_DYNSYM) symbols = section;
      if (section.sh_type == SHT_PROGBITS && (section.sh_flags & SHF_EXECINSTR) != 0)
        CR_TRY(add_text(section));
    }
    if (!symbols) return invalid("a vdso without dynamic symbols");
    const Section names = CR_TRY(section_at(header, symbols->sh_link));
    names_ = CR_TRY(part(code_, names.sh_offset, names.sh_size, "string table"));
    const std::string_view table = CR_TRY(part(code_, symbols->sh_offset, symbols->sh_size, "symbol table"));
    for (uint64_t at = 0; at + sizeof(Symbol) <= table.size(); at += sizeof(Symbol))
      CR_TRY(add(CR_TRY(take<Symbol>(table, at, "symbol"))));
    if (found_.by_offset.empty()) return invalid("a vdso without functions");
    return std::move(found_);
  }

 private:
  using Section = typename Elf::Section;
  using Symbol = typename Elf::Symbol;

  Result<Section> section_at(const typename Elf::Header& header, uint64_t index) const {
    if (index >= header.e_shnum) return cut_short("section");
    const auto start = checked_add<uint64_t>(header.e_shoff, index * sizeof(Section));
    if (!start || header.e_shentsize != sizeof(Section)) return cut_short("section table");
    return take<Section>(code_, *start, "section table");
  }

  // Instructions that take the place of others (.altinstr_replacement) are code, too, which nobody runs
  // where it lies: they are not where the functions are.
  Result<void> add_text(const Section& section) {
    CR_TRY(part(code_, section.sh_addr, section.sh_size, "code"));
    texts_.push_back({section.sh_addr, section.sh_addr + section.sh_size});
    return {};
  }

  Result<void> add(const Symbol& symbol) {
    constexpr unsigned char kType = 0xf;
    if ((symbol.st_info & kType) != STT_FUNC && (symbol.st_info & kType) != STT_NOTYPE) return {};
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= SHN_LORESERVE) return {};
    const auto text = std::ranges::find_if(texts_, [&](const Range& range) {
      return symbol.st_value >= range.start && symbol.st_value < range.end;
    });
    if (text == texts_.end() || symbol.st_size > text->end - symbol.st_value) return cut_short("function");
    if (found_.text_end != 0 && (found_.text != text->start || found_.text_end != text->end))
      return invalid("a vdso with functions in several sections");
    found_.text = text->start, found_.text_end = text->end;
    if (symbol.st_name >= names_.size()) return cut_short("name of a function");
    const std::string_view rest = names_.substr(symbol.st_name);
    const size_t end = rest.find('\0');
    if (end == std::string_view::npos) return cut_short("name of a function");
    VdsoFunction& function = found_.by_offset[symbol.st_value];
    function.size = std::max<uint64_t>(function.size, symbol.st_size);
    function.names.push_back(rest.substr(0, end));
    return {};
  }

  struct Range {
    uint64_t start, end;
  };

  std::string_view code_, names_;
  std::vector<Range> texts_;
  VdsoFunctions found_;
};

}  // namespace

std::optional<uint64_t> VdsoFunctions::find(std::string_view name) const {
  for (const auto& [offset, function] : by_offset)
    if (std::ranges::find(function.names, name) != function.names.end()) return offset;
  return std::nullopt;
}

Result<VdsoFunctions> functions_of_vdso(std::string_view code, WordSize word_size) {
  return word_size == WordSize::k32 ? Reader<Elf32>(code).read() : Reader<Elf64>(code).read();
}

}  // namespace cr::kinds
