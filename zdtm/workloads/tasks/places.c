// The current directory and the umask are kept, different ones in parent, child and grandchild.
// rows: T8
#include "zdtm.h"

struct place {
	const char *directory;
	mode_t mask;
	const struct place *below;
};

static int stay(void *arg)
{
	const struct place *place = arg;
	char before[PATH_MAX], after[PATH_MAX];
	CHECK_SYS(mkdir(place->directory, 0755));
	CHECK_SYS(chdir(place->directory));
	umask(place->mask);
	CHECK(getcwd(before, sizeof(before)));
	const pid_t child = place->below ? zdtm_spawn(stay, (void *)place->below) : 0;

	zdtm_checkpoint_here();

	CHECK(getcwd(after, sizeof(after)));
	CHECK(strcmp(before, after) == 0);
	// What counts is what they do: a relative name is found here and gets this mask.
	struct stat made;
	CHECK_SYS(close(CHECK_SYS(open("mine", O_CREAT | O_EXCL | O_WRONLY, 0777))));
	CHECK_SYS(lstat("mine", &made));
	CHECK_EQ(made.st_mode & 0777, 0777 & ~place->mask);
	CHECK_EQ(umask(0), place->mask);
	if (child)
		zdtm_join(child);
	CHECK_SYS(unlink("mine"));
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	// Names that a careless reader of /proc gets wrong.
	const struct place last = {"line\nbreak", 0777, NULL};
	const struct place middle = {"x (deleted)", 027, &last};
	struct place first = {"with space", 0, &middle};
	return stay(&first);
}
