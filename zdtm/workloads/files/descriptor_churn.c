// Descriptors that are opened, copied, moved and closed all the time are never the wrong ones.
// rows: F1 F2
// attr: loops threads
#include "zdtm.h"

enum { kBase = 200, kSlots = 40 };
static atomic_bool stop;

struct slot {
	bool open;
	off_t position;
	bool cloexec;
};

static void verify(const struct slot *slots, int base)
{
	for (int i = 0; i < kSlots; i++) {
		if (!slots[i].open) {
			CHECK_ERRNO(fcntl(base + i, F_GETFD), EBADF);
			continue;
		}
		CHECK_EQ(lseek(base + i, 0, SEEK_CUR), slots[i].position);
		CHECK_EQ(fcntl(base + i, F_GETFD), slots[i].cloexec ? FD_CLOEXEC : 0);
	}
}

static void step(struct slot *slots, int base, unsigned *state)
{
	const int i = rand_r(state) % kSlots;
	if (slots[i].open && rand_r(state) % 2) {
		CHECK_SYS(close(base + i));
		slots[i].open = false;
		return;
	}
	const int fd = CHECK_SYS(open("data", O_RDONLY));
	slots[i] = (struct slot){true, rand_r(state) % 1000, rand_r(state) % 2};
	CHECK_SYS(lseek(fd, slots[i].position, SEEK_SET));
	CHECK_EQ(dup3(fd, base + i, slots[i].cloexec ? O_CLOEXEC : 0), base + i);
	CHECK_SYS(close(fd));
}

static void *body(void *arg)
{
	struct slot slots[kSlots] = {{false, 0, false}};
	unsigned state = 2;
	while (!atomic_load(&stop)) {
		step(slots, kBase + kSlots, &state);
		verify(slots, kBase + kSlots);
	}
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct slot slots[kSlots] = {{false, 0, false}};
	unsigned state = 1;
	zdtm_spit("data", "some data");
	const pthread_t thread = zdtm_thread(body, NULL);
	while (zdtm_running()) {
		step(slots, kBase, &state);
		verify(slots, kBase);
	}
	atomic_store(&stop, true);
	zdtm_join_thread(thread);
	return zdtm_pass();
}
