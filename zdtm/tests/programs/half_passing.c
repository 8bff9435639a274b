// A wrong program: it says PASS, but ends with a status that says otherwise.
// rows: M1
#include "zdtm.h"

int main(int argc, char** argv) {
  zdtm_init(argc, argv);
  zdtm_checkpoint_here();
  zdtm_pass();
  return 3;
}
