// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

#include "floor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include <linux/netfilter/nfnetlink.h>

enum { SEND_BUFFER = 64 << 20, RECEIVE_BUFFER = 8 << 20, DEADLINE_SECONDS = 10 };

static uint64_t number(const char *text, uint64_t maximum, const char *usage)
{
	char *end;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value == 0 || value > maximum) {
		fprintf(stderr, "%s: not a number from 1 to %llu\n%s", text, (unsigned long long)maximum, usage);
		exit(2);
	}
	return value;
}

void floor_parse(int argc, char **argv, struct floor_options *options, const char *usage)
{
	static const struct option names[] = {
		{"counter", no_argument, NULL, 'c'},
		{"comment", no_argument, NULL, 'm'},
		{"timeout", required_argument, NULL, 't'},
		{"chunk", required_argument, NULL, 'k'},
		{NULL, 0, NULL, 0},
	};
	int option;
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'c': options->counter = true; break;
		case 'm': options->comment = true; break;
		case 't': options->timeout = number(optarg, 1 << 30, usage); break;
		case 'k': options->chunk = number(optarg, FLOOR_MAXIMUM, usage); break;
		default: fputs(usage, stderr); exit(2);
		}
	}
	bool takes_format = options->format != NULL;
	if (argc - optind != (takes_format ? 2 : 1)) {
		fputs(usage, stderr);
		exit(2);
	}
	if (takes_format)
		options->format = argv[optind++];
	options->count = number(argv[optind], FLOOR_MAXIMUM, usage);
}

uint32_t floor_key(uint32_t index)
{
	return htonl(FLOOR_BASE + index);
}

void floor_fail(const char *what, int error)
{
	fprintf(stderr, "%s: %s\n", what, strerror(error));
	exit(1);
}

void *floor_allocate(size_t size)
{
	void *memory = malloc(size);
	if (memory == NULL)
		floor_fail("malloc", errno);
	return memory;
}

static void set_option(struct mnl_socket *socket, int name, const void *value, socklen_t size)
{
	if (setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, name, value, size) < 0)
		floor_fail("setsockopt (CAP_NET_ADMIN is needed)", errno);
}

struct mnl_socket *floor_open(void)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (socket == NULL)
		floor_fail("mnl_socket_open2", errno);
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		floor_fail("mnl_socket_bind", errno);

	int send = SEND_BUFFER, receive = RECEIVE_BUFFER;
	struct timeval deadline = {.tv_sec = DEADLINE_SECONDS};
	set_option(socket, SO_SNDBUFFORCE, &send, sizeof(send));
	set_option(socket, SO_RCVBUFFORCE, &receive, sizeof(receive));
	set_option(socket, SO_RCVTIMEO, &deadline, sizeof(deadline));
	return socket;
}

void floor_send(struct mnl_socket *socket, const void *bytes, size_t length)
{
	if (mnl_socket_sendto(socket, bytes, length) < 0)
		floor_fail("sendto", errno);
}

void floor_await(struct mnl_socket *socket, uint32_t first, uint32_t last)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	for (;;) {
		ssize_t length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (length < 0)
			floor_fail("recvfrom", errno);
		int left = length;
		const struct nlmsghdr *header = (const struct nlmsghdr *)buffer;
		for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
			uint32_t sequence = header->nlmsg_seq;
			if (header->nlmsg_type != NLMSG_ERROR || sequence < first || sequence > last)
				continue;
			const struct nlmsgerr *answer = mnl_nlmsg_get_payload(header);
			if (answer->error != 0)
				floor_fail("the kernel refused the transaction", -answer->error);
			if (sequence == last)
				return;
		}
	}
}

double floor_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}
