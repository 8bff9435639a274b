// Notices by itself when the position of its file has moved.
// rows: F1
#include "zdtm.h"

int main(int argc, char** argv) {
  zdtm_init(argc, argv);
  const int fd = CHECK_SYS(open("data", O_RDWR | O_CREAT, 0600));
  CHECK_EQ(write(fd, "0123456789", 10), 10);

  zdtm_checkpoint_here();

  CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);
  return zdtm_pass();
}
