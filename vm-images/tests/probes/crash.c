// Not a test of the guest but of its host: die of a signal.
#include <signal.h>
#include <stdio.h>

int main(void)
{
	printf("%zu\n", 8 * sizeof(long));
	fflush(stdout);
	raise(SIGUSR1);
	return 0;
}
