/* From the kernel's first process to a Debian userland: a read-only image below, memory above, the usual mounts around. */
#include "guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

static void make_dir(const char *path, mode_t mode)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		die(path);
}

static void mount_at(const char *type, const char *path, unsigned long flags, const char *options)
{
	make_dir(path, 0755);
	must(mount(type, path, type, flags, options), path);
}

/* The disk's node appears a moment after its driver: the probe runs on another kernel thread. */
static void wait_for(const char *path)
{
	const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
	for (int tries = 0; access(path, F_OK) < 0; tries++) {
		if (tries == 5000)
			die(path);
		nanosleep(&pause, NULL);
	}
}

void boot_early(void)
{
	make_dir("/dev", 0755);
	if (mount("dev", "/dev", "devtmpfs", MS_NOSUID, NULL) < 0 && errno != EBUSY)
		die("/dev");
	const int console = open("/dev/console", O_RDWR);
	if (console >= 0) {
		for (int fd = 0; fd < 3; fd++)
			dup2(console, fd);
		if (console > 2)
			close(console);
	}
	mount_at("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_at("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	load_boot_modules("/modules");

	wait_for("/dev/vda");
	make_dir("/lower", 0755);
	must(mount("/dev/vda", "/lower", "erofs", MS_RDONLY, NULL), "root image");
	/*
	 * The payload was unpacked by the kernel straight into /over/upper, which is memory: as the upper layer it is simply
	 * there, at its final paths, without a copy.
	 */
	make_dir("/over", 0755);
	make_dir("/over/upper", 0755);
	make_dir("/over/work", 0755);
	make_dir("/newroot", 0755);
	must(mount("root", "/newroot", "overlay", 0,
		   "lowerdir=/lower,upperdir=/over/upper,workdir=/over/work"),
	     "overlay");

	must(mount("/dev", "/newroot/dev", NULL, MS_MOVE, NULL), "move /dev");
	must(mount("/proc", "/newroot/proc", NULL, MS_MOVE, NULL), "move /proc");
	must(mount("/sys", "/newroot/sys", NULL, MS_MOVE, NULL), "move /sys");
	must(chdir("/newroot"), "newroot");
	/* The first mount cannot be left by pivot_root: cover it, and step into the cover. */
	must(mount(".", "/", NULL, MS_MOVE, NULL), "move root");
	must(chroot("."), "chroot");
	must(chdir("/"), "/");
}

static void write_text(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* a setting that this kernel does not have */
	if (write(fd, text, strlen(text)) < 0)
		dprintf(STDERR_FILENO, "vmguest: note: %s refuses %s\n", path, text);
	close(fd);
}

static void raise_loopback(void)
{
	const int fd = (int)must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	must(ioctl(fd, SIOCSIFFLAGS, &request), "loopback");
	close(fd);
}

/* Nodes whose opening loads a module. devtmpfs makes them only once the module is there. */
static void make_static_nodes(void)
{
	FILE *table = fopen("/usr/lib/modules/vmlab/nodes", "re");
	if (!table)
		die("table of device nodes");
	char name[128];
	unsigned major, minor;
	while (fscanf(table, "%100s %u %u", name, &major, &minor) == 3) {
		char path[160];
		snprintf(path, sizeof(path), "/dev/%s", name);
		for (char *slash = strchr(path + 5, '/'); slash; slash = strchr(slash + 1, '/')) {
			*slash = 0;
			make_dir(path, 0755);
			*slash = '/';
		}
		if (mknod(path, S_IFCHR | 0600, makedev(major, minor)) < 0 && errno != EEXIST)
			die(path);
	}
	fclose(table);
}

void boot_furnish(void)
{
	umask(0);
	mount_at("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=620,gid=5,ptmxmode=666");
	mount_at("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
	mount_at("mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_at("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777,size=75%");
	mount_at("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755");
	mount_at("cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, "nsdelegate");
	make_static_nodes();
	umask(022);
	write_text("/sys/fs/cgroup/cgroup.subtree_control", "+cpu +memory +pids");
	/* A kernel without it cannot execute images; whoever needs that finds the directory empty and says so. */
	if (mount("binfmt_misc", "/proc/sys/fs/binfmt_misc", "binfmt_misc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  NULL) < 0)
		dprintf(STDERR_FILENO, "vmguest: note: no binfmt_misc: %s\n", strerror(errno));

	(void)!symlink("/proc/self/fd", "/dev/fd");
	(void)!symlink("/proc/self/fd/0", "/dev/stdin");
	(void)!symlink("/proc/self/fd/1", "/dev/stdout");
	(void)!symlink("/proc/self/fd/2", "/dev/stderr");
	must(sethostname("guest", 5), "hostname");
	raise_loopback();

	/* The console is read by a program that looks for trouble; keep chatter out, but everything from a warning up in. */
	write_text("/proc/sys/kernel/printk", "5 4 1 5");
	write_text("/proc/sys/kernel/hung_task_timeout_secs", "60");
	const struct rlimit files = {.rlim_cur = 1024, .rlim_max = 1048576};
	must(setrlimit(RLIMIT_NOFILE, &files), "file limit");
}

void power_off(void)
{
	sync();
	/* Not RB_POWER_OFF: QEMU is started with -no-reboot, and a reboot ends it without waiting for ACPI. */
	reboot(LINUX_REBOOT_CMD_RESTART);
	_exit(1);
}
