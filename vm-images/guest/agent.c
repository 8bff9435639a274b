/* The loop of the agent: frames from the host become processes, their output becomes frames, and orphans are reaped. */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_CHANNELS = 64 };

struct stream {
	int fd;		 /* -1: ended */
	uint32_t credit; /* bytes that we may still send (output) */
};

struct channel {
	int used;
	uint16_t number;
	pid_t pid;		 /* 0: reaped */
	struct stream output[3]; /* by stream number; [STREAM_STDIN] stays unused */
	int in;
	int in_ends; /* the host will send no more: close `in` once `waiting` is empty */
	size_t waiting_length;
	unsigned char waiting[WINDOW]; /* bytes for stdin that its pipe did not take yet */
};

static struct channel channels[MAX_CHANNELS];

static struct channel *find(uint16_t number)
{
	for (int i = 0; i < MAX_CHANNELS; i++)
		if (channels[i].used && channels[i].number == number)
			return &channels[i];
	return NULL;
}

static void release_if_done(struct channel *channel)
{
	if (channel->pid == 0 && channel->output[STREAM_STDOUT].fd < 0 &&
	    channel->output[STREAM_STDERR].fd < 0) {
		if (channel->in >= 0)
			close(channel->in);
		channel->used = 0;
	}
}

static void end_stdin(struct channel *channel)
{
	if (channel->in < 0)
		return;
	close(channel->in);
	channel->in = -1;
	channel->waiting_length = 0;
	frame_send(channel->number, FRAME_DATA, STREAM_STDIN, NULL, 0);
}

static void end_output(struct channel *channel, uint8_t stream)
{
	close(channel->output[stream].fd);
	channel->output[stream].fd = -1;
	frame_send(channel->number, FRAME_DATA, stream, NULL, 0);
	release_if_done(channel);
}

static void push_stdin(struct channel *channel)
{
	size_t at = 0;
	while (at < channel->waiting_length) {
		const ssize_t done = write(channel->in, channel->waiting + at, channel->waiting_length - at);
		if (done < 0 && errno == EAGAIN)
			break;
		if (done < 0) {
			end_stdin(channel); /* nobody reads it any more */
			return;
		}
		at += (size_t)done;
	}
	memmove(channel->waiting, channel->waiting + at, channel->waiting_length - at);
	channel->waiting_length -= at;
	if (at)
		frame_send_u32(channel->number, FRAME_CREDIT, STREAM_STDIN, (uint32_t)at);
	if (channel->in_ends && channel->waiting_length == 0)
		end_stdin(channel);
}

static void pull_output(struct channel *channel, uint8_t stream)
{
	static unsigned char buffer[FRAME_MAX];
	struct stream *source = &channel->output[stream];
	const size_t room = source->credit < sizeof(buffer) ? source->credit : sizeof(buffer);
	const ssize_t got = read(source->fd, buffer, room);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) { /* the end; a terminal says EIO when its last user is gone */
		end_output(channel, stream);
		return;
	}
	source->credit -= (uint32_t)got;
	frame_send(channel->number, FRAME_DATA, stream, buffer, (size_t)got);
}

static void on_spawn(const struct frame *frame)
{
	struct channel *channel = NULL;
	for (int i = 0; i < MAX_CHANNELS && !channel; i++)
		if (!channels[i].used)
			channel = &channels[i];
	struct spawn_head head;
	struct child child;
	int why = EAGAIN;
	if (frame->head.length < sizeof(head))
		why = EPROTO;
	else if (channel) {
		memcpy(&head, frame->body, sizeof(head));
		why = child_start(&head, (char *)frame->body + sizeof(head),
				  frame->head.length - sizeof(head), &child);
	}
	if (why != 0) {
		frame_send_u32(frame->head.channel, FRAME_FAILED, 0, (uint32_t)why);
		return;
	}
	channel->used = 1;
	channel->number = frame->head.channel;
	channel->pid = child.pid;
	channel->in = child.in;
	channel->in_ends = 0;
	channel->waiting_length = 0;
	channel->output[STREAM_STDOUT] = (struct stream){.fd = child.out, .credit = WINDOW};
	channel->output[STREAM_STDERR] = (struct stream){.fd = child.err, .credit = WINDOW};
	frame_send_u32(channel->number, FRAME_STARTED, 0, (uint32_t)child.pid);
	if (child.err < 0)
		frame_send(channel->number, FRAME_DATA, STREAM_STDERR, NULL, 0);
}

static void on_data(struct channel *channel, const struct frame *frame)
{
	if (channel->in < 0)
		return;
	if (frame->head.length > sizeof(channel->waiting) - channel->waiting_length) {
		errno = EOVERFLOW;
		die("host sent more than its credit");
	}
	memcpy(channel->waiting + channel->waiting_length, frame->body, frame->head.length);
	channel->waiting_length += frame->head.length;
	if (frame->head.length == 0)
		channel->in_ends = 1;
	push_stdin(channel);
}

static void on_close(struct channel *channel)
{
	end_stdin(channel);
	for (uint8_t stream = STREAM_STDOUT; stream <= STREAM_STDERR; stream++)
		if (channel->output[stream].fd >= 0)
			end_output(channel, stream);
}

static uint32_t body_u32(const struct frame *frame)
{
	uint32_t value = 0;
	if (frame->head.length == sizeof(value))
		memcpy(&value, frame->body, sizeof(value));
	return value;
}

static void on_frame(const struct frame *frame)
{
	/* A channel may be gone here while the host still has frames for it under way: those are dropped. */
	struct channel *channel = find(frame->head.channel);
	switch (frame->head.type) {
	case FRAME_SPAWN:
		on_spawn(frame);
		break;
	case FRAME_DATA:
		if (channel)
			on_data(channel, frame);
		break;
	case FRAME_CREDIT:
		if (channel && frame->head.stream <= STREAM_STDERR)
			channel->output[frame->head.stream].credit += body_u32(frame);
		break;
	case FRAME_KILL:
		if (channel && channel->pid > 0)
			kill(-channel->pid, (int)body_u32(frame));
		break;
	case FRAME_CLOSE:
		if (channel)
			on_close(channel);
		break;
	case FRAME_PING:
		frame_send(0, FRAME_PONG, 0, NULL, 0);
		break;
	case FRAME_POWEROFF:
		power_off();
		break;
	default:
		errno = EPROTO;
		die("unknown frame");
	}
}

static void reap(void)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		for (int i = 0; i < MAX_CHANNELS; i++) {
			if (!channels[i].used || channels[i].pid != pid)
				continue;
			channels[i].pid = 0;
			frame_send_u32(channels[i].number, FRAME_EXIT, 0, (uint32_t)status);
			release_if_done(&channels[i]);
		}
	}
}

/* One slot per stream, fixed places: [0] port, [1] signals, then three for each channel. */
static void fill_poll(struct pollfd *slots)
{
	for (int i = 0; i < MAX_CHANNELS; i++) {
		const struct channel *channel = &channels[i];
		struct pollfd *three = slots + 2 + 3 * i;
		for (uint8_t stream = 0; stream < 3; stream++)
			three[stream] = (struct pollfd){.fd = -1};
		if (!channel->used)
			continue;
		if (channel->waiting_length)
			three[STREAM_STDIN] = (struct pollfd){.fd = channel->in, .events = POLLOUT};
		for (uint8_t stream = STREAM_STDOUT; stream <= STREAM_STDERR; stream++)
			if (channel->output[stream].credit)
				three[stream] =
					(struct pollfd){.fd = channel->output[stream].fd, .events = POLLIN};
	}
}

static void serve_channels(const struct pollfd *slots)
{
	for (int i = 0; i < MAX_CHANNELS; i++) {
		const struct pollfd *three = slots + 2 + 3 * i;
		/* Each step may end the channel: look again before the next one. */
		if (three[STREAM_STDIN].revents && channels[i].used &&
		    channels[i].in == three[STREAM_STDIN].fd)
			push_stdin(&channels[i]);
		for (uint8_t stream = STREAM_STDOUT; stream <= STREAM_STDERR; stream++)
			if (three[stream].revents && channels[i].used &&
			    channels[i].output[stream].fd == three[stream].fd)
				pull_output(&channels[i], stream);
	}
}

static void say_hello(void)
{
	struct utsname name;
	must(uname(&name), "uname");
	unsigned char body[sizeof(uint32_t) + sizeof(name.release)];
	const uint32_t version = PROTOCOL_VERSION;
	memcpy(body, &version, sizeof(version));
	memcpy(body + sizeof(version), name.release, strlen(name.release));
	frame_send(0, FRAME_HELLO, 0, body, sizeof(version) + strlen(name.release));
}

static int take_signals(void)
{
	sigset_t children, both;
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	both = children;
	sigaddset(&both, SIGPIPE); /* a program that closed its stdin is no reason to die: write says EPIPE */
	must(sigprocmask(SIG_BLOCK, &both, NULL), "sigprocmask");
	return (int)must(signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
}

_Noreturn void agent_main(void)
{
	static struct pollfd slots[2 + 3 * MAX_CHANNELS];
	const int signals = take_signals();
	clearenv();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("LANG", "C.UTF-8", 1);
	/* Whatever runs in the guest, the host must be able to stop it. Children start with the ordinary policy. */
	const struct sched_param urgent = {.sched_priority = 50};
	must(sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &urgent), "priority");

	say_hello();
	for (;;) {
		slots[0] = (struct pollfd){.fd = port_fd(), .events = POLLIN};
		slots[1] = (struct pollfd){.fd = signals, .events = POLLIN};
		fill_poll(slots);
		if (poll(slots, sizeof(slots) / sizeof(*slots), -1) < 0 && errno != EINTR)
			die("poll");
		if (slots[0].revents & POLLIN)
			port_receive(on_frame);
		else if (slots[0].revents & POLLHUP)
			power_off(); /* the host is gone; nobody will ever ask again */
		/* Output before the exit status: what a program said is on its way when its end is reported. */
		serve_channels(slots);
		if (slots[1].revents) {
			struct signalfd_siginfo info;
			while (read(signals, &info, sizeof(info)) == sizeof(info))
				;
			reap();
		}
	}
}
