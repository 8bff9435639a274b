// A descriptor opened with O_PATH is refused by name, and still leads to its file.
// rows: F5
// refused: kind=o_path
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	zdtm_spit("file", "content");
	const int fd = CHECK_SYS(open("file", O_PATH));

	zdtm_checkpoint_here();

	char path[64], text[16];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	zdtm_slurp(path, text, sizeof(text));
	CHECK(strcmp(text, "content") == 0);
	return zdtm_pass();
}
