// The argument and environment areas keep what the program wrote over them, and the auxiliary vector is the same.
// rows: T8 M4
#include "zdtm.h"

#include <sys/auxv.h>

extern char **environ;

static bool has(const char *file, const char *wanted, size_t size)
{
	char text[65536];
	return zdtm_slurp(file, text, sizeof(text)) >= size && !memcmp(text, wanted, size);
}

// PR_SET_MM_MAP sets all areas at once and needs no capability. The kernel wants the 64-bit layout from both
// word sizes, so the pointer is spelled as a number.
struct mm_map {
	uint64_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
	uint64_t arg_start, arg_end, env_start, env_end, auxv;
	uint32_t auxv_size, exe_fd;
};

static void move_arguments(const char *start, const char *end)
{
	char text[1024];
	unsigned long long field[52] = {0};
	zdtm_slurp("/proc/self/stat", text, sizeof(text));
	int number = 3;
	for (char *word = strtok(strrchr(text, ')') + 2, " "); word && number < 52; word = strtok(NULL, " "))
		field[number++] = strtoull(word, NULL, 10);
	const struct mm_map map = {
		.start_code = field[26],
		.end_code = field[27],
		.start_stack = field[28],
		.start_data = field[45],
		.end_data = field[46],
		.start_brk = field[47],
		.brk = (uintptr_t)sbrk(0),
		.arg_start = (uintptr_t)start,
		.arg_end = (uintptr_t)end,
		.env_start = field[50],
		.env_end = field[51],
		.exe_fd = -1,
	};
	CHECK_SYS(prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0));
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	char auxv_before[4096], auxv_after[4096];
	const size_t auxv_size = zdtm_slurp("/proc/self/auxv", auxv_before, sizeof(auxv_before));
	const void *const random = (void *)getauxval(AT_RANDOM);
	char random_before[16];
	memcpy(random_before, random, 16);

	// As setproctitle() does: a longer title runs over argv[0] into the environment strings.
	const char title[] = "workload: a title that is longer than the arguments were";
	char *const area = argv[0];
	char *copies[] = {strdup("HOME=/nowhere"), NULL};
	CHECK(environ[0] && strlen(argv[0]) > 2);
	char *const environment = environ[0];
	environ = copies;
	const size_t room = strlen(argv[0]);
	memset(area, 0, room);
	memcpy(area, title, room - 1);
	environment[0] = '#';

	// The areas themselves may be moved, too.
	char *const own =
		CHECK_SYS(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	memcpy(own, "moved\0arguments", 16);
	move_arguments(own, own + 16);

	zdtm_checkpoint_here();

	CHECK(memcmp(area, title, room - 1) == 0);
	CHECK(has("/proc/self/cmdline", "moved\0arguments", 16));
	CHECK(has("/proc/self/environ", "#", 1));
	CHECK_EQ(zdtm_slurp("/proc/self/auxv", auxv_after, sizeof(auxv_after)), auxv_size);
	CHECK(memcmp(auxv_before, auxv_after, auxv_size) == 0);
	CHECK(memcmp(random_before, random, 16) == 0);
	return zdtm_pass();
}
