// A block device to hold: any that this machine lets us open, with or without a medium. Nothing is read or written.
#ifndef ZDTM_DISK_H
#define ZDTM_DISK_H

#include "zdtm.h"

#include <dirent.h>

// A descriptor, or -1 and ENOENT where there is none.
static int zdtm_open_any_disk(void)
{
	DIR *const folder = opendir("/dev");
	CHECK(folder);
	int fd = -1;
	for (struct dirent *entry; fd == -1 && (entry = readdir(folder));) {
		struct stat status;
		if (fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == -1 ||
		    !S_ISBLK(status.st_mode))
			continue;
		fd = openat(dirfd(folder), entry->d_name, O_RDONLY | O_NONBLOCK);
	}
	closedir(folder);
	errno = ENOENT;
	return fd;
}

#endif
