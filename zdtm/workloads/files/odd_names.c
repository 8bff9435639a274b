// Files are found again whatever their names: spaces, newlines, "(deleted)", long ones, renamed ones, through links.
// rows: F1 M1
#include "zdtm.h"

static const char *const kNames[] = {
	"plain",
	" with spaces ",
	"line\nbreak",
	"looks deleted (deleted)",
	"tab\tand \\134 backslash",
	"\xff\xfe not UTF-8 \x80",
	"memfd:not a memfd",
	"socket:[123]",
	"umlauts \xc3\xa4\xc3\xb6\xc3\xbc",
};
enum { kCount = sizeof(kNames) / sizeof(kNames[0]) };

struct held {
	int fd;
	char *map;
};

static struct held hold(const char *name)
{
	struct held one = {CHECK_SYS(open(name, O_RDWR)), NULL};
	one.map = CHECK_SYS(mmap(NULL, zdtm_page(), PROT_READ, MAP_SHARED, one.fd, 0));
	CHECK_SYS(lseek(one.fd, 3, SEEK_SET));
	return one;
}

static void check(struct held one, const char *content)
{
	char got[128] = "";
	CHECK(strcmp(one.map, content) == 0);
	CHECK(read(one.fd, got, sizeof(got) - 1) >= 0);
	CHECK(strcmp(got, content + 3) == 0);
	CHECK_EQ(pwrite(one.fd, "#", 1, 0), 1);
	CHECK_EQ(one.map[0], '#');
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct held held[kCount];
	char long_name[NAME_MAX + 1];
	for (int i = 0; i < kCount; i++) {
		zdtm_spit(kNames[i], kNames[i]);
		held[i] = hold(kNames[i]);
	}
	memset(long_name, 'l', NAME_MAX);
	long_name[NAME_MAX] = 0;
	zdtm_spit(long_name, "a long name");
	const struct held longest = hold(long_name);
	zdtm_spit("old name", "renamed later");
	const struct held renamed = hold("old name");
	CHECK_SYS(rename("old name", "new name"));
	zdtm_spit("old name", "another file that took the name");
	zdtm_spit("target", "behind a link");
	CHECK_SYS(symlink("target", "link"));
	const struct held linked = hold("link");
	CHECK_SYS(unlink("link"));

	zdtm_checkpoint_here();

	for (int i = 0; i < kCount; i++)
		check(held[i], kNames[i]);
	check(longest, "a long name");
	check(renamed, "renamed later");
	check(linked, "behind a link");
	return zdtm_pass();
}
