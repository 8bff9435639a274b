// A BPF map is refused by name, and keeps its values.
// rows: F7
// attr: needs=bpf
// refused: kind=bpf
#include "zdtm.h"

#include <linux/bpf.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 4};
	const int fd = NEEDS(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)), "bpf");
	uint32_t key = 2;
	uint64_t value = 777, got = 0;
	union bpf_attr update = {.map_fd = fd, .key = (uintptr_t)&key, .value = (uintptr_t)&value};
	CHECK_SYS(syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &update, sizeof(update)));

	zdtm_checkpoint_here();

	union bpf_attr look = {.map_fd = fd, .key = (uintptr_t)&key, .value = (uintptr_t)&got};
	CHECK_SYS(syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &look, sizeof(look)));
	CHECK_EQ(got, 777);
	return zdtm_pass();
}
