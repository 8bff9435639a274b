// A directory that was read half goes on with the other half; openat works relative to it.
// rows: F1
#include "zdtm.h"

#include <dirent.h>

enum { kFiles = 300 };
static bool seen[kFiles];

static int read_some(DIR *directory, int most)
{
	int count = 0;
	const struct dirent *entry;
	while (count < most && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		const int number = atoi(entry->d_name);
		CHECK(!seen[number]);
		seen[number] = true;
		count++;
	}
	return count;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	char name[32];
	CHECK_SYS(mkdir("many", 0700));
	const int many = CHECK_SYS(open("many", O_RDONLY | O_DIRECTORY));
	for (int i = 0; i < kFiles; i++) {
		snprintf(name, sizeof(name), "%d", i);
		CHECK_SYS(close(CHECK_SYS(openat(many, name, O_WRONLY | O_CREAT | O_EXCL, 0600))));
	}
	DIR *const directory = fdopendir(CHECK_SYS(open("many", O_RDONLY | O_DIRECTORY)));
	CHECK(directory);
	CHECK_EQ(read_some(directory, 100), 100);
	// Raw and small, so that the kernel's position is in the middle and not at the end of libc's buffer.
	char entries[512];
	const int raw = CHECK_SYS(open("many", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	long first = CHECK_SYS(syscall(SYS_getdents64, raw, entries, sizeof(entries)));
	const off_t position = CHECK_SYS(lseek(raw, 0, SEEK_CUR));

	zdtm_checkpoint_here();

	CHECK_EQ(lseek(raw, 0, SEEK_CUR), position);
	CHECK_EQ(read_some(directory, kFiles), kFiles - 100);
	int calls = 0;
	for (long n = first; n > 0; calls++)
		n = CHECK_SYS(syscall(SYS_getdents64, raw, entries, sizeof(entries)));
	CHECK(calls > 5);
	CHECK_SYS(fchdir(many));
	CHECK_SYS(access("299", F_OK));
	CHECK_SYS(close(CHECK_SYS(openat(many, "new", O_WRONLY | O_CREAT | O_EXCL, 0600))));
	return zdtm_pass();
}
