// Says that the machine lacks what it needs.
// rows: M1
#include "zdtm.h"

int main(int argc, char** argv) {
  zdtm_init(argc, argv);
  zdtm_skip("a feature of the future");
}
