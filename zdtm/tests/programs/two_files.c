// Holds what a careless engine loses - a position, a pending signal, an odd limit, a child - and checks none.
// rows: F1
#include "zdtm.h"

#include <sys/resource.h>

static int child(void* arg) {
  (void)arg;
  zdtm_checkpoint_here();
  return zdtm_pass();
}

int main(int argc, char** argv) {
  zdtm_init(argc, argv);
  const int fd = CHECK_SYS(open("data", O_RDWR | O_CREAT, 0600));
  CHECK_EQ(write(fd, "0123456789", 10), 10);
  CHECK_SYS(lseek(fd, 4, SEEK_SET));
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  CHECK_SYS(sigprocmask(SIG_BLOCK, &stop, NULL));
  CHECK_SYS(raise(SIGTSTP));
  const pid_t relative = zdtm_spawn(child, NULL);

  zdtm_checkpoint_here();

  // The oracle alone is to notice what was planted: this end must not depend on it.
  const struct timespec now = {0};
  (void)sigtimedwait(&stop, NULL, &now);
  zdtm_join(relative);
  return zdtm_pass();
}
