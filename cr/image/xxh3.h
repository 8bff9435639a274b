// The XXH3 functions of one instruction set. xxh3.c is compiled once for each, so that every build of the
// engine, also a static one, hashes at the speed of memory: the library's own dispatcher is in no static
// archive.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

#include <stddef.h>
#include <stdint.h>

struct cr_xxh3 {
  uint64_t (*whole)(const void* bytes, size_t size);
  void* (*create)(void);  // a state; null when memory is short; freed by destroy
  void (*reset)(void* state);
  void (*update)(void* state, const void* bytes, size_t size);  // bytes is not null
  uint64_t (*value)(const void* state);
  void (*destroy)(void* state);
};

extern const struct cr_xxh3 cr_xxh3_sse2;  // every x86-64 CPU has it
extern const struct cr_xxh3 cr_xxh3_avx2;  // only to be called where the CPU has it

#ifdef __cplusplus
}
#endif
