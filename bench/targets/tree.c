// A tree of equal tasks, each with its own memory, whose root feels for how long it was frozen.
//
// usage: tree TASKS MIB SHARED_FILE
//
// The shared file is the only link to the benchmark: struct tree of tree.h. Every task answers SIGUSR1 by
// comparing its memory with what it wrote there, so a restore that loses bytes is not measured as a fast one.
#include "tree.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct tree* tree;
static uint64_t* memory;
static size_t words;
static uint64_t seed;

static void die(const char* what) {
  perror(what);
  exit(1);
}

// Cheap to make, never zero, no two pages alike: nothing to gain from compression or merging.
static uint64_t word_at(size_t index) {
  uint64_t mixed = (index + 1) * 0x9e3779b97f4a7c15u + seed;
  return mixed ^ (mixed >> 29) ^ 1;
}

static void fill(size_t bytes) {
  memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) die("mmap");
  words = bytes / sizeof(*memory);
  for (size_t i = 0; i < words; i++) memory[i] = word_at(i);
}

static void check_memory(int signal_number) {
  (void)signal_number;
  size_t wrong = 0;
  for (size_t i = 0; i < words; i++) wrong += memory[i] != word_at(i);
  atomic_fetch_add(wrong ? &tree->broken : &tree->intact, 1);
}

static void become_member(int index, size_t bytes) {
  seed = (uint64_t)index << 40;
  fill(bytes);
  tree->pid[index] = getpid();
  atomic_fetch_add(&tree->ready, 1);
}

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// The largest distance between two looks at the clock is what a user of this program would call the outage.
static _Noreturn void feel_the_clock(void) {
  uint64_t last = now_ns();
  for (;;) {
    const uint64_t now = now_ns();
    if (now - last > atomic_load_explicit(&tree->largest_gap_ns, memory_order_relaxed))
      atomic_store_explicit(&tree->largest_gap_ns, now - last, memory_order_relaxed);
    last = now;
    atomic_fetch_add_explicit(&tree->beats, 1, memory_order_relaxed);
  }
}

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: %s TASKS MIB SHARED_FILE\n", argv[0]);
    return 2;
  }
  const int tasks = atoi(argv[1]);
  const size_t bytes = (size_t)atoi(argv[2]) << 20;
  if (tasks < 1 || tasks > TREE_MAX_TASKS || bytes == 0) return 2;

  const int fd = open(argv[3], O_RDWR);
  if (fd < 0) die(argv[3]);
  tree = mmap(NULL, sizeof(*tree), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (tree == MAP_FAILED) die("mmap of the shared file");
  close(fd);

  struct sigaction action = {.sa_handler = check_memory, .sa_flags = SA_RESTART};
  if (sigaction(SIGUSR1, &action, NULL) != 0) die("sigaction");

  for (int i = 1; i < tasks; i++) {
    const pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
      become_member(i, bytes);
      for (;;) pause();
    }
  }
  become_member(0, bytes);
  feel_the_clock();
}
