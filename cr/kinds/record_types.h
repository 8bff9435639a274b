// The numbers by which records are told apart in an image. Add, never change or reuse.
#pragma once

#include <cstdint>

namespace cr::kinds {

enum RecordType : uint32_t {
  kOriginRecord = 1,           // one, id 0: who wrote the image, and where
  kTaskRecord = 2,             // id: pid
  kThreadRecord = 3,           // id: tid
  kAddressSpaceRecord = 4,     // id: pid
  kSharedMemoryRecord = 5,     // id: its own
  kSignalsRecord = 6,          // id: pid
  kFileDescriptionRecord = 7,  // id: its own
  kPipeRecord = 8,             // id: its own
  kDescriptorTableRecord = 9,  // id: pid
  kAttributesRecord = 10,      // id: pid
  kVdsoRecord = 11,            // id: its hash
  kMembarrierRecord = 12,      // id: pid
};

// Page sections: private memory has its process's pid as id, shared memory its object id with this bit.
constexpr uint64_t kSharedPages = uint64_t{1} << 32;

}  // namespace cr::kinds
