// An allocator at work in several threads loses no byte, wherever it is stopped.
// rows: M1 M4
// attr: loops threads
#include "zdtm.h"

enum { kSlots = 64, kThreads = 2 };
static atomic_bool stop;

struct slot {
	unsigned char *block;
	size_t size;
	unsigned seed;
};

static void step(struct slot *slots, unsigned *state)
{
	struct slot *const slot = &slots[rand_r(state) % kSlots];
	if (slot->block) {
		CHECK(zdtm_filled(slot->block, slot->size, slot->seed));
		free(slot->block);
		slot->block = NULL;
		return;
	}
	slot->size = rand_r(state) % 40 ? rand_r(state) % 3000 + 1 : 200000 + rand_r(state) % 100000;
	slot->seed = rand_r(state);
	slot->block = malloc(slot->size);
	CHECK(slot->block);
	zdtm_fill(slot->block, slot->size, slot->seed);
}

static void finish(struct slot *slots)
{
	for (int i = 0; i < kSlots; i++) {
		if (slots[i].block)
			CHECK(zdtm_filled(slots[i].block, slots[i].size, slots[i].seed));
		free(slots[i].block);
	}
}

static void *body(void *arg)
{
	struct slot slots[kSlots] = {{NULL, 0, 0}};
	unsigned state = (uintptr_t)arg;
	while (!atomic_load(&stop))
		step(slots, &state);
	finish(slots);
	return NULL;
}

// The first heap of a thread that shrinks makes glibc read /proc/sys/vm/overcommit_memory, once: an open file of /proc
// is another workload's business.
static void *shrink_a_heap(void *arg)
{
	void *blocks[64];
	for (int i = 0; i < 64; i++)
		CHECK(blocks[i] = malloc(60000));
	for (int i = 0; i < 64; i++)
		free(blocks[i]);
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	zdtm_join_thread(zdtm_thread(shrink_a_heap, NULL));
	pthread_t threads[kThreads];
	struct slot slots[kSlots] = {{NULL, 0, 0}};
	unsigned state = 1;
	for (uintptr_t i = 0; i < kThreads; i++)
		threads[i] = zdtm_thread(body, (void *)(i + 2));
	while (zdtm_running())
		step(slots, &state);
	atomic_store(&stop, true);
	for (int i = 0; i < kThreads; i++)
		zdtm_join_thread(threads[i]);
	finish(slots);
	return zdtm_pass();
}
