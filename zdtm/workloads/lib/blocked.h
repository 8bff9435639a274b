// Threads that are inside a system call across the checkpoint, and how long they may have been there.
#ifndef ZDTM_BLOCKED_H
#define ZDTM_BLOCKED_H

#include "zdtm.h"

// A timed call has run this long before the checkpoint, so one that is started anew shows: it lasts too long.
enum { kBeforeMs = 1500, kSlackMs = 1200, kMaxBlocked = 24 };

// How long timed calls last: whole seconds, longer than three checkpoints take where the program runs.
static inline int timeout_ms(void)
{
	const char *told = getenv("ZDTM_TIMED_MS");
	return told ? atoi(told) : 7000;
}

struct blocked {
	const char *name;
	void (*call)(void); // checks what its call returned
	bool timed;	    // lasts timeout_ms() by itself
	pthread_t thread;
	_Atomic uint32_t tid;
	int64_t began, ended;
};

static inline void *blocked_body(void *arg)
{
	struct blocked *const one = arg;
	one->began = zdtm_now_ms(CLOCK_MONOTONIC);
	atomic_store(&one->tid, zdtm_tid());
	one->call();
	one->ended = zdtm_now_ms(CLOCK_MONOTONIC);
	return NULL;
}

static inline void blocked_start(struct blocked *all, int count)
{
	for (int i = 0; i < count; i++)
		all[i].thread = zdtm_thread(blocked_body, &all[i]);
	for (int i = 0; i < count; i++) {
		while (!atomic_load(&all[i].tid))
			nanosleep(&(struct timespec){0, 1000000}, NULL);
		zdtm_until_asleep(all[i].tid);
	}
}

// Across the checkpoint; returns how long the program was away at most.
static inline int64_t blocked_checkpoint(void)
{
	const int64_t from = zdtm_now_ms(CLOCK_MONOTONIC);
	zdtm_checkpoint_here();
	return zdtm_now_ms(CLOCK_MONOTONIC) - from;
}

static inline void blocked_finish(struct blocked *all, int count, int64_t away)
{
	for (int i = 0; i < count; i++) {
		zdtm_join_thread(all[i].thread);
		const int64_t lasted = all[i].ended - all[i].began;
		if (!all[i].timed)
			continue;
		if (lasted < timeout_ms() - 1)
			FAIL("%s came back after %d ms, too early", all[i].name, (int)lasted);
		if (lasted > timeout_ms() + away + kSlackMs)
			FAIL("%s came back after %d ms, away %d ms", all[i].name, (int)lasted, (int)away);
	}
}

static inline void blocked_pause(int ms)
{
	CHECK_SYS(nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL));
}

#endif
