// What every workload is written with: checks, the checkpoint protocol, relatives, patterns.
#ifndef ZDTM_H
#define ZDTM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// --- Checks: the first one that fails prints `FAIL file:line: text` and ends the process with 1. ---

_Noreturn void zdtm_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// For a feature that this kernel or CPU lacks; never for state that was lost.
_Noreturn void zdtm_skip(const char *feature);

#define FAIL(...) zdtm_fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			FAIL("%s (errno %d)", #condition, errno); \
	} while (0)

// Both sides travel as long long, so -1 stays -1 and 64-bit values survive in a 32-bit task.
#define CHECK_EQ(got, want) \
	do { \
		const long long got_ = (long long)(got); \
		const int errno_ = errno; \
		const long long want_ = (long long)(want); \
		if (got_ != want_) \
			FAIL("%s is %lld, expected %lld (errno %d)", #got, got_, want_, errno_); \
		errno = errno_; \
	} while (0)

// The value of a call that reports failure with -1 (or MAP_FAILED).
#define CHECK_SYS(call) \
	({ \
		__auto_type result_ = (call); \
		if (result_ == (__typeof__(result_))-1) \
			FAIL("%s: %s", #call, strerror(errno)); \
		result_; \
	})

// The same, but where the kernel or the machine has no such thing, the program is skipped.
#define NEEDS(call, feature) \
	({ \
		__auto_type needed_ = (call); \
		if (needed_ == (__typeof__(needed_))-1) { \
			if (errno == ENOSYS || errno == EINVAL || errno == EPERM || errno == ENODEV || \
			    errno == ENOENT || errno == EOPNOTSUPP || errno == ENOSPC || errno == E2BIG) \
				zdtm_skip(feature); \
			FAIL("%s: %s", #call, strerror(errno)); \
		} \
		needed_; \
	})

// pthread functions return the error instead of setting errno.
#define CHECK_ZERO(call) \
	do { \
		const int error_ = (call); \
		if (error_) \
			FAIL("%s: %s", #call, strerror(error_)); \
	} while (0)

#define CHECK_ERRNO(call, expected) \
	do { \
		errno = 0; \
		const long long result_ = (long long)(call); \
		if (result_ != -1 || errno != (expected)) \
			FAIL("%s returned %lld with errno %d, expected -1 with %s", #call, result_, errno, \
			     #expected); \
	} while (0)

// --- The protocol with the harness (see ../README.md). ---

void zdtm_init(int argc, char **argv);

// Everything before it is set-up, everything after it is proof. In a relative made with zdtm_spawn() it
// tells the parent instead of the harness and waits for zdtm_join().
void zdtm_checkpoint_here(void);

// `while (zdtm_running()) { step }`: for programs that may be stopped at any instruction of a step.
bool zdtm_running(void);

// The last thing of main() and of every relative's body: no child is left, nothing unexpected is pending.
int zdtm_pass(void);

// --- Relatives. A child is created, sets itself up, and is known to be ready when zdtm_spawn() returns. ---

typedef int (*zdtm_body)(void *arg);
pid_t zdtm_spawn(zdtm_body body, void *arg);

// The same with exec: `path` is run with the given words after argv[0], a NULL ends them.
pid_t zdtm_spawn_program(const char *path, ...) __attribute__((sentinel));

// Lets a ready child go on, and waits until it has passed.
void zdtm_join(pid_t child);

const char *zdtm_self(void); // the path of this program
const char *zdtm_twin(void); // the path of its build for the other word size

// --- Threads. ---

pthread_t zdtm_thread(void *(*body)(void *), void *arg);
void zdtm_join_thread(pthread_t thread);
pid_t zdtm_tid(void);

// Returns once the kernel shows this thread or task as sleeping. It must have nothing to sleep in but
// the system call that is meant.
void zdtm_until_asleep(pid_t tid);
// The same for a first thread that has ended, whether others of its process go on or not.
void zdtm_until_zombie(pid_t pid);

// --- Helpers with no state. ---

void zdtm_fill(void *area, size_t size, uint32_t seed);
bool zdtm_filled(const void *area, size_t size, uint32_t seed);
void zdtm_put(int fd, const void *data, size_t size);
void zdtm_get(int fd, void *data, size_t size);
int64_t zdtm_now_ms(clockid_t clock);

// The text of a small file such as those in /proc; fails when it does not fit.
size_t zdtm_slurp(const char *path, char *text, size_t size);
void zdtm_spit(const char *path, const char *text);

// How many mappings have this name in /proc/self/maps; `start` and `end` are the last one's.
int zdtm_mappings_named(const char *name, unsigned long *start, unsigned long *end);

// Does the mapping at `address` carry this two-letter flag in /proc/self/smaps?
bool zdtm_vm_flag(const void *address, const char *flag);

// Shared among this process and the children it forks later.
void *zdtm_shared_memory(size_t size);
size_t zdtm_page(void);

// A futex that relatives may share; the wait fails on EINTR, because no workload gets a signal there.
void zdtm_futex_wait_while(_Atomic uint32_t *word, uint32_t value);
void zdtm_futex_set(_Atomic uint32_t *word, uint32_t value);

#endif
