// A laid-out program as fuzz input: numbers of struct Area, then its bytes. Written by make_program_seeds,
// read by the target.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "cr/executor/program.h"

namespace fuzz {

constexpr uint64_t kProgramBase = 0x20000000;
constexpr uint64_t kMaxProgram = 1 << 18;

struct ProgramHead {
  uint64_t code_size, data_size, stacks, ops, slots, data, size;
  uint32_t list_count, slot_count, reasons, reserved;
};

inline std::string to_input(const cr::exec::Area& area) {
  uint32_t reasons = 0;
  for (const uint32_t count : area.reason_counts) reasons = count > reasons ? count : reasons;
  const ProgramHead head{area.code_size, area.data_size,  area.stacks,     area.ops, area.slots, area.data,
                         area.size(),    area.list_count, area.slot_count, reasons,  0};
  std::string input(reinterpret_cast<const char*>(&head), sizeof(head));
  return input + area.bytes.substr(area.code_size);  // the code is of no interest
}

inline std::optional<cr::exec::Area> from_input(const uint8_t* bytes, size_t size) {
  ProgramHead head;
  if (size < sizeof(head)) return std::nullopt;
  std::memcpy(&head, bytes, sizeof(head));
  if (head.size > kMaxProgram || head.list_count > 64 || head.code_size > head.size) return std::nullopt;
  cr::exec::Area area;
  area.base = kProgramBase;
  area.code_size = head.code_size, area.data_size = head.data_size;
  area.stacks = head.stacks, area.ops = head.ops, area.slots = head.slots, area.data = head.data;
  area.list_count = head.list_count, area.slot_count = head.slot_count;
  area.reason_counts.assign(head.list_count, head.reasons);
  area.bytes.assign(reinterpret_cast<const char*>(bytes) + sizeof(head), size - sizeof(head));
  area.bytes.insert(0, head.code_size, '\0');
  area.bytes.resize(head.size);
  return area;
}

}  // namespace fuzz
