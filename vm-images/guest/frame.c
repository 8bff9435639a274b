/* Frames on the control port. Writing may wait for the host, reading never does. */
#include "guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PORT_NAME "vmlab.control"

static int port = -1;

/* There is no udev that would make /dev/virtio-ports: find the port by the name that sysfs gives. */
static int find_port(char *path, size_t size)
{
	DIR *ports = opendir("/sys/class/virtio-ports");
	if (!ports)
		return -1;
	int found = -1;
	for (struct dirent *entry; found < 0 && (entry = readdir(ports));) {
		char name_file[512], name[64] = "";
		snprintf(name_file, sizeof(name_file), "/sys/class/virtio-ports/%s/name", entry->d_name);
		FILE *file = fopen(name_file, "re");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && strcmp(name, PORT_NAME "\n") == 0)
			found = snprintf(path, size, "/dev/%s", entry->d_name);
		fclose(file);
	}
	closedir(ports);
	return found;
}

void port_open(void)
{
	char path[300];
	const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
	for (int tries = 0; find_port(path, sizeof(path)) < 0; tries++) {
		if (tries == 2500) {
			errno = ENODEV;
			die("control port " PORT_NAME);
		}
		nanosleep(&pause, NULL);
	}
	port = (int)must(open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC), path);
}

int port_fd(void)
{
	return port;
}

static void write_all(const void *data, size_t length)
{
	const char *at = data;
	while (length > 0) {
		const ssize_t done = write(port, at, length);
		if (done > 0) {
			at += done;
			length -= (size_t)done;
		} else if (errno == EAGAIN) {
			struct pollfd wait = {.fd = port, .events = POLLOUT};
			poll(&wait, 1, -1);
		} else if (errno != EINTR) {
			die("control port write");
		}
	}
}

void frame_send(uint16_t channel, uint8_t type, uint8_t stream, const void *body, size_t length)
{
	static unsigned char buffer[sizeof(struct frame_header) + FRAME_MAX];
	const struct frame_header head = {
		.length = (uint32_t)length,
		.channel = channel,
		.type = type,
		.stream = stream,
	};
	/* One write: each is a round trip through the hypervisor. */
	memcpy(buffer, &head, sizeof(head));
	if (length)
		memcpy(buffer + sizeof(head), body, length);
	write_all(buffer, sizeof(head) + length);
}

void frame_send_u32(uint16_t channel, uint8_t type, uint8_t stream, uint32_t value)
{
	frame_send(channel, type, stream, &value, sizeof(value));
}

void port_receive(void (*handle)(const struct frame *))
{
	static unsigned char buffer[sizeof(struct frame_header) + FRAME_MAX];
	static size_t filled;

	const ssize_t got = read(port, buffer + filled, sizeof(buffer) - filled);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0)
		die("control port read");
	filled += (size_t)got;

	size_t at = 0;
	while (filled - at >= sizeof(struct frame_header)) {
		struct frame frame;
		memcpy(&frame.head, buffer + at, sizeof(frame.head));
		if (frame.head.length > FRAME_MAX) {
			errno = EPROTO;
			die("control port frame");
		}
		const size_t whole = sizeof(frame.head) + frame.head.length;
		if (filled - at < whole)
			break;
		frame.body = buffer + at + sizeof(frame.head);
		handle(&frame);
		at += whole;
	}
	memmove(buffer, buffer + at, filled - at);
	filled -= at;
}
