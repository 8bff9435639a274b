// Counts in two variables that are always the same between two steps.
// rows: M1
// attr: loops
#include "zdtm.h"

int main(int argc, char** argv) {
  zdtm_init(argc, argv);
  volatile uint64_t up = 0, down = 0;
  while (zdtm_running()) {
    up++;
    down--;
  }
  CHECK_EQ(up + down, 0);
  return zdtm_pass();
}
