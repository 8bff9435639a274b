#include "cr/core/elf_headers.h"

#include <elf.h>
#include <sys/mman.h>

#include "cr/base/numbers.h"
#include "cr/core/byte_string.h"
#include "cr/core/refuse.h"

namespace cr::core {
namespace {

struct Sizes {
  uint64_t header, program_header, section_header;
};

Sizes sizes_of(WordSize word_size) {
  if (word_size == WordSize::k64) return {sizeof(Elf64_Ehdr), sizeof(Elf64_Phdr), sizeof(Elf64_Shdr)};
  return {sizeof(Elf32_Ehdr), sizeof(Elf32_Phdr), sizeof(Elf32_Shdr)};
}

struct ProgramHeader {
  uint32_t type = 0, flags = 0;
  uint64_t offset = 0, address = 0, file_size = 0, memory_size = 0, alignment = 0;
};

void add(ByteString& out, const ProgramHeader& header) {
  // The same fields, in two orders; no physical address.
  out.u32(header.type);
  if (out.word_size() == WordSize::k64) out.u32(header.flags);
  out.words({header.offset, header.address, 0, header.file_size, header.memory_size});
  if (out.word_size() == WordSize::k32) out.u32(header.flags);
  out.word(header.alignment);
}

// More program headers than the field can count are counted in the only section header (elf(5), PN_XNUM).
bool many(uint64_t program_headers) { return program_headers >= PN_XNUM; }

void add_header(ByteString& out, uint64_t program_headers, const Sizes& sizes) {
  const bool is_64 = out.word_size() == WordSize::k64;
  const uint64_t sections = many(program_headers) ? 1 : 0;
  out.bytes({ELFMAG, SELFMAG}).u8(is_64 ? ELFCLASS64 : ELFCLASS32).u8(ELFDATA2LSB).u8(EV_CURRENT);
  out.zeros(EI_NIDENT - out.size());
  out.u16(ET_CORE).u16(is_64 ? EM_X86_64 : EM_386).u32(EV_CURRENT);
  out.word(0).word(sizes.header);  // entry; program headers follow at once
  out.word(sections == 0 ? 0 : sizes.header + program_headers * sizes.program_header).u32(0);
  out.u16(sizes.header).u16(sizes.program_header).u16(many(program_headers) ? PN_XNUM : program_headers);
  out.u16(sections == 0 ? 0 : sizes.section_header).u16(sections).u16(0);
}

void add_section_header(ByteString& out, uint64_t program_headers, const Sizes& sizes) {
  const size_t begin = out.size();
  out.u32(0).u32(SHT_NULL).words({0, 0, 0, 1});            // sh_size: the number of sections
  out.u32(0).u32(static_cast<uint32_t>(program_headers));  // sh_link, sh_info
  out.zeros(sizes.section_header - (out.size() - begin));
}

uint32_t flags_of(uint32_t protection) {
  return ((protection & PROT_READ) != 0 ? PF_R : 0u) | ((protection & PROT_WRITE) != 0 ? PF_W : 0u) |
         ((protection & PROT_EXEC) != 0 ? PF_X : 0u);
}

}  // namespace

Result<Layout> lay_out(WordSize word_size, std::string_view notes, std::span<const Segment> segments,
                       int pid) {
  const Sizes sizes = sizes_of(word_size);
  const uint64_t count = segments.size() + 1;
  const uint64_t notes_at =
      sizes.header + count * sizes.program_header + (many(count) ? sizes.section_header : 0);
  Layout out;
  ByteString front(word_size);
  add_header(front, count, sizes);
  add(front, {PT_NOTE, 0, notes_at, 0, notes.size(), 0, 4});
  uint64_t at = page_up(notes_at + notes.size());
  for (const Segment& segment : segments) {
    out.offsets.push_back(at);
    add(front, {PT_LOAD, flags_of(segment.protection), at, segment.start, segment.contents,
                segment.end - segment.start, kPageSize});
    at += segment.contents;
  }
  if (many(count)) add_section_header(front, count, sizes);
  CR_CHECK(front.size() == notes_at);
  if (word_size == WordSize::k32 && at > UINT32_MAX)
    return refuse(pid, fmt::format("a 32-bit core file cannot have {} bytes", at));
  out.size = at;
  out.front = front.bytes(notes).align(kPageSize).str();
  return out;
}

}  // namespace cr::core
