// One kind of record; CR_FUZZ_RECORD says which (cr/kinds/record_types.h).
#include "fuzz/replaced_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::replace_record(CR_FUZZ_RECORD, data, size);
}
