// The name of a task is kept, per thread and of zombies, too, whatever characters it has.
// rows: T3 T8
// attr: threads
#include "zdtm.h"

static const char *const kNames[] = {"",	  "a",		 "fifteen letters", "with) (space S",
				     "new\nline", "back\\slash", "\x01\xff\x80",    "  "};
enum { kCount = sizeof(kNames) / sizeof(kNames[0]) };

static pthread_barrier_t named, checked;

static void check_name(const char *want)
{
	char name[16] = "untouched";
	CHECK_SYS(prctl(PR_GET_NAME, name));
	if (strcmp(name, want))
		FAIL("the name is '%s' instead of '%s'", name, want);
}

static void *body(void *arg)
{
	CHECK_SYS(prctl(PR_SET_NAME, arg));
	pthread_barrier_wait(&named);
	pthread_barrier_wait(&checked);
	check_name(arg);
	return NULL;
}

static int child(void *arg)
{
	CHECK_SYS(prctl(PR_SET_NAME, arg));
	zdtm_checkpoint_here();
	check_name(arg);
	return zdtm_pass();
}

static pid_t ended(const char *name)
{
	const pid_t zombie = CHECK_SYS(fork());
	if (!zombie) {
		CHECK_SYS(prctl(PR_SET_NAME, name));
		_exit(0);
	}
	siginfo_t info;
	CHECK_SYS(waitid(P_PID, zombie, &info, WEXITED | WNOWAIT));
	return zombie;
}

static void check_name_of_zombie(pid_t zombie, const char *want)
{
	char path[32], name[32];
	snprintf(path, sizeof(path), "/proc/%d/comm", zombie);
	const size_t length = zdtm_slurp(path, name, sizeof(name));
	if (length != strlen(want) + 1 || memcmp(name, want, length - 1))
		FAIL("the zombie's name is '%.*s' instead of '%s'", (int)length, name, want);
	CHECK_EQ(waitpid(zombie, NULL, 0), zombie);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pthread_t threads[kCount];
	pid_t children[kCount], zombies[kCount];
	for (int i = 0; i < kCount; i++) {
		children[i] = zdtm_spawn(child, (void *)kNames[i]);
		zombies[i] = ended(kNames[i]);
	}
	CHECK_SYS(prctl(PR_SET_NAME, "the main one"));
	pthread_barrier_init(&named, NULL, kCount + 1);
	pthread_barrier_init(&checked, NULL, kCount + 1);
	for (int i = 0; i < kCount; i++)
		threads[i] = zdtm_thread(body, (void *)kNames[i]);
	pthread_barrier_wait(&named);

	zdtm_checkpoint_here();

	check_name("the main one");
	pthread_barrier_wait(&checked);
	for (int i = 0; i < kCount; i++) {
		zdtm_join_thread(threads[i]);
		zdtm_join(children[i]);
		check_name_of_zombie(zombies[i], kNames[i]);
	}
	return zdtm_pass();
}
