// Says that it is quiet, while a thread of it moves the position of a file for ever.
// rows: F2
#include "zdtm.h"

static void* move(void* arg) {
  for (off_t position = 0;; position++) CHECK_SYS(lseek(*(int*)arg, position % 100000, SEEK_SET));
}

int main(int argc, char** argv) {
  zdtm_init(argc, argv);
  int fd = CHECK_SYS(open("data", O_RDWR | O_CREAT, 0600));
  zdtm_thread(move, &fd);

  zdtm_checkpoint_here();

  return zdtm_pass();
}
