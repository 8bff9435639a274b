// Helpers that know nothing of the protocol: programs' paths, threads, patterns, text files, futexes.
#include "zdtm.h"

#include <linux/futex.h>

const char *zdtm_self(void)
{
	static char path[PATH_MAX];
	const ssize_t length = CHECK_SYS(readlink("/proc/self/exe", path, sizeof(path) - 1));
	path[length] = 0;
	return path;
}

const char *zdtm_twin(void)
{
	static char twin[PATH_MAX + 16];
	char own[PATH_MAX];
	strcpy(own, zdtm_self());
	char *name = strrchr(own, '/');
	CHECK(name && name != own);
	*name++ = 0;
	char *size = strrchr(own, '/');
	CHECK(size && (!strcmp(size, "/m64") || !strcmp(size, "/m32")));
	*size = 0;
	snprintf(twin, sizeof(twin), "%s/%s/%s", own, sizeof(void *) == 8 ? "m32" : "m64", name);
	return twin;
}

pid_t zdtm_tid(void)
{
	return syscall(SYS_gettid);
}

pthread_t zdtm_thread(void *(*body)(void *), void *arg)
{
	pthread_t thread;
	CHECK_ZERO(pthread_create(&thread, NULL, body, arg));
	return thread;
}

void zdtm_join_thread(pthread_t thread)
{
	CHECK_ZERO(pthread_join(thread, NULL));
}

static void until_state(pid_t tid, char state)
{
	char path[64], text[1024];
	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	for (;;) {
		zdtm_slurp(path, text, sizeof(text));
		const char *end = strrchr(text, ')'); // the name before it may hold anything
		CHECK(end && end[1] == ' ');
		if (end[2] == state)
			return;
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	}
}

void zdtm_until_asleep(pid_t tid)
{
	until_state(tid, 'S');
}

void zdtm_until_zombie(pid_t pid)
{
	until_state(pid, 'Z');
}

static uint32_t next_word(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

void zdtm_fill(void *area, size_t size, uint32_t seed)
{
	unsigned char *bytes = area;
	uint32_t state = seed * 2654435761u + 1;
	for (size_t i = 0; i < size; i++)
		bytes[i] = next_word(&state) >> 24;
}

bool zdtm_filled(const void *area, size_t size, uint32_t seed)
{
	const unsigned char *bytes = area;
	uint32_t state = seed * 2654435761u + 1;
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != next_word(&state) >> 24)
			return false;
	return true;
}

void zdtm_put(int fd, const void *data, size_t size)
{
	const char *from = data;
	while (size) {
		const ssize_t n = CHECK_SYS(write(fd, from, size));
		from += n;
		size -= n;
	}
}

void zdtm_get(int fd, void *data, size_t size)
{
	char *to = data;
	while (size) {
		const ssize_t n = CHECK_SYS(read(fd, to, size));
		if (n == 0)
			FAIL("end of file on fd %d, %zu bytes early", fd, size);
		to += n;
		size -= n;
	}
}

int64_t zdtm_now_ms(clockid_t clock)
{
	struct timespec now;
	CHECK_SYS(clock_gettime(clock, &now));
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

size_t zdtm_slurp(const char *path, char *text, size_t size)
{
	const int fd = CHECK_SYS(open(path, O_RDONLY | O_CLOEXEC));
	size_t length = 0;
	ssize_t n;
	while ((n = CHECK_SYS(read(fd, text + length, size - length))) > 0) {
		length += n;
		CHECK(length < size);
	}
	text[length] = 0;
	CHECK_SYS(close(fd));
	return length;
}

void zdtm_spit(const char *path, const char *text)
{
	const int fd = CHECK_SYS(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
	zdtm_put(fd, text, strlen(text));
	CHECK_SYS(close(fd));
}

int zdtm_mappings_named(const char *name, unsigned long *start, unsigned long *end)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	CHECK(maps);
	char line[PATH_MAX + 128];
	int found = 0;
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, name) && sscanf(line, "%lx-%lx", start, end) == 2)
			found++;
	fclose(maps);
	return found;
}

bool zdtm_vm_flag(const void *address, const char *flag)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	CHECK(smaps);
	char line[PATH_MAX + 128];
	bool inside = false, found = false;
	while (!found && fgets(line, sizeof(line), smaps)) {
		unsigned long from, to;
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			inside = (uintptr_t)address >= from && (uintptr_t)address < to;
		} else if (inside && !strncmp(line, "VmFlags:", 8)) {
			char word[8];
			snprintf(word, sizeof(word), " %s ", flag);
			found = strstr(line, word) != NULL;
			break;
		}
	}
	fclose(smaps);
	return found;
}

void *zdtm_shared_memory(size_t size)
{
	return CHECK_SYS(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

size_t zdtm_page(void)
{
	return sysconf(_SC_PAGESIZE);
}

void zdtm_futex_wait_while(_Atomic uint32_t *word, uint32_t value)
{
	while (atomic_load(word) == value)
		if (syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0) == -1 && errno != EAGAIN)
			FAIL("futex wait: %s", strerror(errno));
}

void zdtm_futex_set(_Atomic uint32_t *word, uint32_t value)
{
	atomic_store(word, value);
	CHECK_SYS(syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0));
}
