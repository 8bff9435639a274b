/* What the parts of the guest program share: it is init, then the agent, and under the name modprobe the module loader. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* --- errors: nobody is there to handle them. Say what failed on the console and stop the machine. --- */
_Noreturn void die(const char *what);
long must(long result, const char *what);

/* --- boot.c --- */
void boot_early(void);	 /* kernel file systems, modules, the root, then we stand in it */
void boot_furnish(void); /* everything a Debian userland expects in /dev, /sys, /tmp and the network */
void power_off(void);

/* --- modules.c --- */
void load_boot_modules(const char *directory);
int modprobe_main(int argc, char **argv);

/* --- frame.c: the control port carries frames, both ways --- */
enum {
	FRAME_SPAWN = 1,    /* to guest: struct spawn_head, then NUL-terminated cwd, argv..., env... */
	FRAME_DATA = 2,	    /* both ways: bytes of a stream; empty means its end */
	FRAME_CREDIT = 3,   /* both ways: u32, so many more bytes of this stream are welcome */
	FRAME_KILL = 4,	    /* to guest: u32 signal for the process group of the channel */
	FRAME_CLOSE = 5,    /* to guest: forget the channel, close its pipes */
	FRAME_POWEROFF = 6, /* to guest */
	FRAME_PING = 7,	    /* to guest; answered by FRAME_PONG */
	FRAME_HELLO = 16,   /* to host: u32 protocol version, then the kernel release */
	FRAME_STARTED = 17, /* to host: u32 pid */
	FRAME_FAILED = 18,  /* to host: u32 errno; the channel does not exist */
	FRAME_EXIT = 19,    /* to host: u32 wait status of the channel's process */
	FRAME_PONG = 20,
};

enum { STREAM_STDIN = 0, STREAM_STDOUT = 1, STREAM_STDERR = 2 };
enum { SPAWN_PTY = 1 };
enum {
	PROTOCOL_VERSION = 1,
	FRAME_MAX = 65536, /* payload bytes of one frame */
	WINDOW = 65536,	   /* bytes of one stream that may be under way without credit */
};

struct frame_header {
	uint32_t length;
	uint16_t channel;
	uint8_t type;
	uint8_t stream;
};

struct spawn_head {
	uint32_t flags;
	uint32_t argc;
	uint32_t envc;
	uint16_t rows;
	uint16_t columns;
};

struct frame {
	struct frame_header head;
	unsigned char *body;
};

void port_open(void);
int port_fd(void);
void frame_send(uint16_t channel, uint8_t type, uint8_t stream, const void *body, size_t length);
void frame_send_u32(uint16_t channel, uint8_t type, uint8_t stream, uint32_t value);
/* Read what has arrived and call `handle` for each complete frame. */
void port_receive(void (*handle)(const struct frame *));

/* --- child.c --- */
struct child {
	pid_t pid;
	int in, out, err; /* our ends, non-blocking; -1 where there is none */
};
/* 0, or the errno of whatever kept the program from starting. */
int child_start(const struct spawn_head *head, char *text, size_t length, struct child *child);

/* --- agent.c --- */
_Noreturn void agent_main(void);
