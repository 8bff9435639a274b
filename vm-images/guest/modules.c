/* Load kernel modules: a fixed list at boot, and later what the kernel asks for, by a table that the host computed. */
#include "guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TABLE "/usr/lib/modules/vmlab/table"
#define FILES "/usr/lib/modules/vmlab"

static int load(const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	const long result = syscall(SYS_finit_module, fd, "", 0);
	const int why = errno;
	close(fd);
	errno = why;
	return result == 0 || why == EEXIST ? 0 : -1;
}

void load_boot_modules(const char *directory)
{
	struct dirent **names;
	/* The host numbers the files; their order is the order of loading. */
	const int count = scandir(directory, &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char path[512];
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && load(path) < 0)
			die(path);
	}
}

static void underscores(char *text)
{
	for (; *text; text++)
		if (*text == '-')
			*text = '_';
}

/* A line of the table: a pattern for the name asked for, then the files to load, dependencies first. */
static int load_line(char *line, const char *wanted)
{
	char *save;
	const char *pattern = strtok_r(line, " \n", &save);
	if (!pattern || fnmatch(pattern, wanted, 0) != 0)
		return 1;
	for (const char *name; (name = strtok_r(NULL, " \n", &save));) {
		char path[512];
		snprintf(path, sizeof(path), FILES "/%s", name);
		if (load(path) < 0)
			return -1;
	}
	return 0;
}

int modprobe_main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	char *wanted = argv[argc - 1]; /* the kernel calls: modprobe -q -- NAME */
	underscores(wanted);
	FILE *table = fopen(TABLE, "re");
	if (!table)
		return 1;
	char *line = NULL;
	size_t size = 0;
	int found = 1;
	while (found != 0 && getline(&line, &size, table) >= 0)
		found = load_line(line, wanted);
	free(line);
	fclose(table);
	return found == 0 ? 0 : 1;
}
