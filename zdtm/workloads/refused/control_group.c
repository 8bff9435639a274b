// A child in a control group of its own is refused by name, and stays in it.
// rows: X2
// attr: needs=cgroup2
// refused: kind=cgroup
#include "zdtm.h"

#include <mntent.h>

static bool find_hierarchy(char *path, size_t size)
{
	FILE *const mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *entry;
	bool found = false;
	while (mounts && !found && (entry = getmntent(mounts)))
		if ((found = !strcmp(entry->mnt_type, "cgroup2")))
			snprintf(path, size - 48, "%s", entry->mnt_dir);
	if (mounts)
		endmntent(mounts);
	return found;
}

static int waits(void *arg)
{
	(void)arg;
	zdtm_checkpoint_here();
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	char group[PATH_MAX], file[PATH_MAX + 32], pid[16];
	if (!find_hierarchy(group, sizeof(group)))
		zdtm_skip("cgroup2");
	// The same hierarchy is seen from all pid namespaces, so a pid alone is no name of our own.
	struct stat space;
	CHECK_SYS(stat("/proc/self/ns/pid", &space));
	snprintf(group + strlen(group), 48, "/zdtm-%llu-%d", (unsigned long long)space.st_ino, getpid());
	NEEDS(mkdir(group, 0755), "cgroup2");
	const pid_t child = zdtm_spawn(waits, NULL);
	snprintf(file, sizeof(file), "%s/cgroup.procs", group);
	snprintf(pid, sizeof(pid), "%d", child);
	zdtm_spit(file, pid);

	zdtm_checkpoint_here();

	char text[64];
	zdtm_slurp(file, text, sizeof(text));
	CHECK_EQ(atoi(text), child);
	zdtm_join(child);
	CHECK_SYS(rmdir(group));
	return zdtm_pass();
}
