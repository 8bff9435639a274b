// Works beside a child that maps memory for code at SIGUSR1, as if an engine had left its agent there.
// rows: M1
// attr: loops
#include "zdtm.h"

static void map_code(int signo) {
  (void)signo;
  (void)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int works(void* arg) {
  (void)arg;
  CHECK(signal(SIGUSR1, map_code) != SIG_ERR);
  while (zdtm_running()) {
  }
  return zdtm_pass();
}

int main(int argc, char** argv) {
  zdtm_init(argc, argv);
  const pid_t child = zdtm_spawn(works, NULL);
  while (zdtm_running()) {
  }
  zdtm_join(child);
  return zdtm_pass();
}
