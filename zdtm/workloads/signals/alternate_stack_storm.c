// Handlers that run one after the other on an alternate stack leave everything as they found it.
// rows: S1 R4 R7
// attr: loops
#include "zdtm.h"

enum { kStack = 65536 };
static char *stack_area;
static volatile uint64_t inside;

static void on_usr1(int signo)
{
	char local[128];
	(void)signo;
	CHECK(local > stack_area && local < stack_area + kStack);
	zdtm_fill(local, sizeof(local), 3);
	double x = 0.5;
	for (int i = 0; i < 50; i++) // other values in the vector registers than outside
		x = 3.7 * x * (1 - x);
	CHECK(x > 0 && x < 1);
	CHECK(zdtm_filled(local, sizeof(local), 3));
	inside++;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	stack_area = malloc(kStack);
	CHECK_SYS(sigaltstack(&(stack_t){.ss_sp = stack_area, .ss_size = kStack}, NULL));
	CHECK_SYS(
		sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_usr1, .sa_flags = SA_ONSTACK}, NULL));
	uint64_t outside = 0;
	double sum = 0;
	while (zdtm_running())
		for (int i = 0; i < 50; i++) {
			CHECK_SYS(raise(SIGUSR1));
			outside++;
			sum += 0.25;
			CHECK_EQ(inside, outside);
			CHECK(sum == outside * 0.25);
		}
	return zdtm_pass();
}
