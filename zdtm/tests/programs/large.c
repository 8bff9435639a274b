// As many MiB of memory as the first argument says, none of which can be compressed, are what they were.
// rows: M1
#include "zdtm.h"

#include <stdlib.h>
#include <sys/mman.h>

static uint64_t next(uint64_t* state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  return *state ^= *state << 17;
}

int main(int argc, char** argv) {
  zdtm_init(argc, argv);
  const size_t words = strtoul(argv[1], NULL, 10) * 1024 * 1024 / sizeof(uint64_t);
  uint64_t* memory =
      mmap(NULL, words * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  uint64_t state = 88172645463325252;
  for (size_t i = 0; i < words; ++i) memory[i] = next(&state);

  zdtm_checkpoint_here();

  state = 88172645463325252;
  for (size_t i = 0; i < words; ++i) CHECK(memory[i] == next(&state));
  return zdtm_pass();
}
