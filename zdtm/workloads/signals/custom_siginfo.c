// A pending signal with a siginfo of the sender's own making keeps what the kernel delivers of it.
// rows: S1
#include "zdtm.h"

enum { kCodes = 4 };
// Codes to which the kernel gives no meaning, and SI_QUEUE.
static const int kCode[kCodes] = {SI_QUEUE, -7, -60, -1000};

// Prepared as the native ABI has it; a sender may fill it as it likes when the code is negative.
static siginfo_t make(int i)
{
	siginfo_t info;
	memset(&info, 0, sizeof(info));
	info.si_signo = SIGRTMIN + 4;
	info.si_errno = 100 + i;
	info.si_code = kCode[i];
	info.si_pid = 4000 + i;
	info.si_uid = 50000 + i;
	info.si_value.sival_ptr = (void *)(uintptr_t)(0xdeadbee0 + i);
	return info;
}

static int child(void *arg)
{
	const sigset_t *const set = arg;
	siginfo_t got;
	zdtm_checkpoint_here();
	for (int i = 0; i < kCodes; i++) {
		const siginfo_t want = make(i);
		memset(&got, 0, sizeof(got));
		CHECK_EQ(sigtimedwait(set, &got, &(struct timespec){0, 0}), SIGRTMIN + 4);
		CHECK_EQ(got.si_errno, want.si_errno);
		CHECK_EQ(got.si_code, want.si_code);
		CHECK_EQ(got.si_pid, want.si_pid);
		CHECK_EQ(got.si_uid, want.si_uid);
		CHECK(got.si_value.sival_ptr == want.si_value.sival_ptr);
	}
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 4);
	CHECK_SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	const pid_t receiver = zdtm_spawn(child, &set);
	for (int i = 0; i < kCodes; i++) {
		siginfo_t info = make(i);
		CHECK_SYS(syscall(SYS_rt_sigqueueinfo, receiver, info.si_signo, &info));
	}

	zdtm_checkpoint_here();

	zdtm_join(receiver);
	return zdtm_pass();
}
