// Threads in read on an empty pipe and in write on a full pipe go on as if nothing had happened.
// rows: R5 P1
// attr: threads grid
#include "blocked.h"

#include <sys/uio.h>

enum { kBig = 300000 }; // a write this long fills the pipe and waits in the middle
static int empty[2], scattered[2], full[2], large[2];

static void reads(void)
{
	char got[8] = "";
	CHECK_EQ(read(empty[0], got, 8), 5);
	CHECK(memcmp(got, "hello", 5) == 0);
}

static void reads_scattered(void)
{
	char a[3], b[3];
	struct iovec parts[2] = {{a, 3}, {b, 3}};
	CHECK_EQ(readv(scattered[0], parts, 2), 6);
	CHECK(memcmp(a, "abc", 3) == 0 && memcmp(b, "def", 3) == 0);
}

static void writes_to_full(void)
{
	char more[4096];
	zdtm_fill(more, sizeof(more), 2);
	CHECK_EQ(write(full[1], more, sizeof(more)), sizeof(more));
}

static void writes_large(void)
{
	char *const all = malloc(kBig);
	zdtm_fill(all, kBig, 3);
	// The kernel may report the part that was written before an interruption; libc's users loop over that.
	zdtm_put(large[1], all, kBig);
	free(all);
}

static struct blocked all[] = {
	{.name = "read", .call = reads},
	{.name = "readv", .call = reads_scattered},
	{.name = "write to a full pipe", .call = writes_to_full},
	{.name = "a large write", .call = writes_large},
};

static void drain(int fd, size_t size, uint32_t seed)
{
	char *const got = malloc(size);
	zdtm_get(fd, got, size);
	CHECK(zdtm_filled(got, size, seed));
	free(got);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	CHECK_SYS(pipe(empty));
	CHECK_SYS(pipe(scattered));
	CHECK_SYS(pipe(full));
	CHECK_SYS(pipe(large));
	const int capacity = CHECK_SYS(fcntl(full[1], F_GETPIPE_SZ));
	char *const filling = malloc(capacity);
	zdtm_fill(filling, capacity, 1);
	zdtm_put(full[1], filling, capacity);
	blocked_start(all, 4);

	zdtm_checkpoint_here();

	drain(full[0], capacity, 1);
	drain(full[0], 4096, 2);
	drain(large[0], kBig, 3);
	zdtm_put(empty[1], "hello", 5);
	zdtm_put(scattered[1], "abcdef", 6);
	blocked_finish(all, 4, 0);
	return zdtm_pass();
}
