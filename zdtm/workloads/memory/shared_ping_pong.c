// Relatives that hand a turn around in shared memory with futexes never lose or double one.
// rows: M1 M2 R5
// attr: loops
#include "zdtm.h"

enum { kPlayers = 3, kStop = 1u << 31 };
static struct {
	_Atomic uint32_t turn;
	uint32_t sum, count; // guarded by the turn
} * table;

// Plays when it is its turn; returns false once the stop mark is seen.
static bool play(uint32_t player)
{
	for (;;) {
		const uint32_t turn = atomic_load(&table->turn);
		if (turn & kStop)
			return false;
		if (turn % kPlayers == player) {
			CHECK_EQ(table->count, turn);
			table->count++;
			table->sum = table->sum * 31 + turn;
			zdtm_futex_set(&table->turn, (turn + 1) & ~kStop);
			return true;
		}
		zdtm_futex_wait_while(&table->turn, turn);
	}
}

static int player(void *arg)
{
	const uint32_t number = *(uint32_t *)arg;
	zdtm_running(); // tells that it is ready
	while (play(number))
		;
	zdtm_running(); // takes the parent's wake-up
	return 0;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pid_t players[kPlayers];
	table = zdtm_shared_memory(sizeof(*table));
	for (uint32_t i = 1; i < kPlayers; i++)
		players[i] = zdtm_spawn(player, &i);
	while (zdtm_running())
		CHECK(play(0));
	uint32_t last;
	while ((last = atomic_load(&table->turn)) % kPlayers) // the others move it until it is ours again
		zdtm_futex_wait_while(&table->turn, last);
	uint32_t sum = 0;
	for (uint32_t turn = 0; turn < last; turn++)
		sum = sum * 31 + turn;
	CHECK_EQ(table->sum, sum);
	CHECK_EQ(table->count, last);
	zdtm_futex_set(&table->turn, kStop);
	for (int i = 1; i < kPlayers; i++)
		zdtm_join(players[i]);
	return zdtm_pass();
}
