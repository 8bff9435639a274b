// Security labels of AppArmor without any profile: where policies stand side by side, `unconfined` is another one in each.
#ifndef ZDTM_SECURITY_H
#define ZDTM_SECURITY_H

#include "zdtm.h"

#include <sys/mount.h>

static char zdtm_policies[64], zdtm_label[96];

static void zdtm_change_policies(int (*change)(const char *path))
{
	char path[160];
	CHECK_SYS(mkdir("security", 0700));
	CHECK_SYS(mount("securityfs", "security", "securityfs", 0, NULL));
	snprintf(path, sizeof(path), "security/apparmor/policy/namespaces/%s", zdtm_policies);
	CHECK_SYS(change(path));
	CHECK_SYS(umount("security"));
	CHECK_SYS(rmdir("security"));
}

static int zdtm_mkdir(const char *path)
{
	return mkdir(path, 0700);
}

// -1: it is absent, or switched off.
static inline int zdtm_apparmor(void)
{
	FILE *const file = fopen("/sys/module/apparmor/parameters/enabled", "r");
	const int enabled = file && fgetc(file) == 'Y';
	if (file)
		fclose(file);
	errno = ENOSYS;
	return enabled ? 0 : -1;
}

// Requires: AppArmor is enabled. The whole machine sees the name: no other run has had it, or has it now.
static void zdtm_make_label(void)
{
	struct stat pids;
	CHECK_SYS(stat("/proc/self/ns/pid", &pids));
	snprintf(zdtm_policies, sizeof(zdtm_policies), "zdtm-%llu-%lld", (unsigned long long)pids.st_ino,
		 (long long)zdtm_now_ms(CLOCK_REALTIME));
	zdtm_change_policies(zdtm_mkdir);
	snprintf(zdtm_label, sizeof(zdtm_label), ":%s:unconfined", zdtm_policies);
}

static void zdtm_remove_label(void)
{
	zdtm_change_policies(rmdir);
}

struct zdtm_choice {
	const char *file; // of /proc/PID/attr
	const char *wish; // what is written there before the label
};

static int zdtm_labelled(void *arg)
{
	const struct zdtm_choice *const choice = arg;
	char path[64], text[128];
	snprintf(path, sizeof(path), "/proc/self/attr/%s", choice->file);
	snprintf(text, sizeof(text), "%s %s", choice->wish, zdtm_label);
	zdtm_spit(path, text);
	zdtm_checkpoint_here();
	return zdtm_pass();
}

// The rest of a program: its child takes a label, and has it afterwards.
static inline int zdtm_hold_label(struct zdtm_choice choice)
{
	zdtm_make_label();
	const pid_t child = zdtm_spawn(zdtm_labelled, &choice);

	zdtm_checkpoint_here();

	char path[64], label[128], expected[128];
	snprintf(path, sizeof(path), "/proc/%d/attr/%s", child, choice.file);
	snprintf(expected, sizeof(expected), "%s\n", zdtm_label);
	zdtm_slurp(path, label, sizeof(label));
	CHECK(strcmp(label, expected) == 0);
	zdtm_join(child);
	zdtm_remove_label();
	return zdtm_pass();
}

#endif
