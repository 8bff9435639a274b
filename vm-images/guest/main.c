/* One static program with two names: the first process of the guest, and the kernel's module loader. */
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Noreturn void die(const char *what)
{
	dprintf(STDERR_FILENO, "vmguest: %s: %s\n", what, strerror(errno));
	if (getpid() == 1)
		power_off();
	_exit(1);
}

long must(long result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	if (strcmp(slash ? slash + 1 : argv[0], "modprobe") == 0)
		return modprobe_main(argc, argv);
	if (getpid() != 1) {
		dprintf(STDERR_FILENO, "vmguest is the init of a test machine; it does nothing elsewhere\n");
		return 2;
	}
	boot_early();
	boot_furnish();
	port_open();
	agent_main();
}
