// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

/*
 * The floor under reading back: asks for the keys that `load` wrote, many to a message, and counts those that
 * the kernel has. A dump of the set would take quadratic time.
 */

#include "floor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libnftnl/common.h>
#include <libnftnl/set.h>

static const char usage[] = "usage: read [--chunk KEYS] N\n";

/* What has come in answer to one message. */
struct answer {
	uint32_t sequence;
	uint32_t expected; /* the index whose element comes next */
	bool complete;
	int error;         /* positive */
};

static int check_element(struct nftnl_set_elem *element, void *context)
{
	struct answer *answer = context;
	uint32_t size;
	const uint32_t *key = nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &size);
	if (key == NULL || size != sizeof(*key) || *key != floor_key(answer->expected)) {
		fputs("the kernel answered with another element than the next one asked for\n", stderr);
		exit(1);
	}
	answer->expected++;
	return 0;
}

static void take(const struct nlmsghdr *header, struct answer *answer)
{
	if (header->nlmsg_seq != answer->sequence)
		return;
	if (header->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *result = mnl_nlmsg_get_payload(header);
		answer->complete = true;
		answer->error = -result->error;
		return;
	}
	struct nftnl_set *set = nftnl_set_alloc();
	if (set == NULL)
		floor_fail("libnftnl", ENOMEM);
	if (nftnl_set_elems_nlmsg_parse(header, set) < 0)
		floor_fail("nftnl_set_elems_nlmsg_parse", errno);
	nftnl_set_elem_foreach(set, check_element, answer);
	nftnl_set_free(set);
}

/*
 * Asks for the keys [from, to). The kernel answers them in order, an element a datagram, and stops at the
 * first that is absent with ENOENT: answer->expected is then its index.
 */
static void ask(struct mnl_socket *socket, struct nftnl_set *names, struct nftnl_set_elem *element,
		char *bytes, uint32_t from, uint32_t to, struct answer *answer)
{
	*answer = (struct answer){.sequence = answer->sequence + 1, .expected = from};
	struct nlmsghdr *header =
		nftnl_nlmsg_build_hdr(bytes, NFT_MSG_GETSETELEM, NFPROTO_INET, NLM_F_ACK, answer->sequence);
	nftnl_set_elems_nlmsg_build_payload(header, names);
	struct nlattr *list = mnl_attr_nest_start(header, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (uint32_t index = from; index < to; index++) {
		uint32_t key = floor_key(index);
		nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, &key, sizeof(key));
		nftnl_set_elem_nlmsg_build(header, element, index - from + 1);
	}
	mnl_attr_nest_end(header, list);
	floor_send(socket, bytes, header->nlmsg_len);

	char buffer[MNL_SOCKET_BUFFER_SIZE];
	while (!answer->complete) {
		ssize_t length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (length < 0)
			floor_fail("recvfrom", errno);
		int left = length;
		const struct nlmsghdr *reply = (const struct nlmsghdr *)buffer;
		for (; mnl_nlmsg_ok(reply, left); reply = mnl_nlmsg_next(reply, &left))
			take(reply, answer);
	}
	if (answer->error != 0 && answer->error != ENOENT)
		floor_fail("GETSETELEM", answer->error);
}

int main(int argc, char **argv)
{
	/* 200: more than 256 replies overrun a default receive buffer, and those here are forced anyway. */
	struct floor_options options = {.chunk = 200};
	floor_parse(argc, argv, &options, usage);
	if (options.chunk > 2000) {
		fputs("--chunk: at most 2000 keys fit a message\n", stderr);
		return 2;
	}

	struct mnl_socket *socket = floor_open();
	struct nftnl_set *names = nftnl_set_alloc();
	struct nftnl_set_elem *element = nftnl_set_elem_alloc();
	if (names == NULL || element == NULL)
		floor_fail("libnftnl", ENOMEM);
	nftnl_set_set_str(names, NFTNL_SET_TABLE, FLOOR_TABLE);
	nftnl_set_set_str(names, NFTNL_SET_NAME, FLOOR_SET);
	char *bytes = floor_allocate(64 << 10);

	uint32_t present = 0;
	struct answer answer = {.sequence = 0};
	double started = floor_now();
	for (uint32_t from = 0; from < options.count;) {
		uint32_t left = options.count - from;
		uint32_t to = from + (left < options.chunk ? left : options.chunk);
		ask(socket, names, element, bytes, from, to, &answer);
		present += answer.expected - from;
		from = answer.expected + (answer.error == ENOENT ? 1 : 0);
	}
	double seconds = floor_now() - started;
	printf("{\"name\":\"c-floor-read\",\"n\":%u,\"chunk\":%u,\"present\":%u,\"seconds\":%.6f}\n",
	       options.count, options.chunk, present, seconds);

	free(bytes);
	nftnl_set_elem_free(element);
	nftnl_set_free(names);
	mnl_socket_close(socket);
	return present == options.count ? 0 : 3;
}
