// /proc/self/exe names the program that was executed, also one that is not where its parent's is.
// rows: T8
#include "zdtm.h"

static int run(void)
{
	char before[PATH_MAX];
	struct stat image, link;
	strcpy(before, zdtm_self());

	zdtm_checkpoint_here();

	CHECK(strcmp(before, zdtm_self()) == 0);
	CHECK_SYS(stat("/proc/self/exe", &link));
	CHECK_SYS(stat(before, &image));
	CHECK_EQ(link.st_ino, image.st_ino);
	CHECK_EQ(link.st_dev, image.st_dev);
	return 0;
}

static void copy_program(const char *to)
{
	static char block[1 << 16];
	const int from = CHECK_SYS(open("/proc/self/exe", O_RDONLY));
	const int file = CHECK_SYS(open(to, O_WRONLY | O_CREAT | O_EXCL, 0755));
	ssize_t n;
	while ((n = CHECK_SYS(read(from, block, sizeof(block)))) > 0)
		zdtm_put(file, block, n);
	CHECK_SYS(close(file));
	CHECK_SYS(close(from));
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	if (argc > 1) {
		run();
		// Started again through the link: the same program.
		if (!strcmp(argv[1], "copy"))
			zdtm_join(zdtm_spawn_program("/proc/self/exe", "again", NULL));
		return zdtm_pass();
	}
	copy_program("a copy (deleted)");
	const pid_t copy = zdtm_spawn_program("./a copy (deleted)", "copy", NULL);
	run();
	zdtm_join(copy);
	return zdtm_pass();
}
