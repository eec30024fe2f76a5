// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

/*
 * The floor under loading: a plain loop over libnftnl that fills a set of IPv4 addresses with timeouts, a
 * transaction per chunk. Replaces the table `inet bench` of this network namespace.
 */

#include "floor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>

static const char usage[] =
	"usage: load [--counter] [--comment] [--timeout SECONDS] [--chunk ELEMENTS] N\n";

/* nft's number for the data type ipv4_addr; without it `nft list` can't show the keys. */
enum { TYPE_IPV4_ADDR = 7 };

/* Above the largest element: key 12, timeout 12, comment 4 + 2 + 18, its own header 4, rounded up. */
enum { ELEMENT_SIZE = 96 };

/* An attribute's length has 16 bits: a list of elements ends before that. */
enum { LIST_LIMIT = UINT16_MAX - ELEMENT_SIZE };

struct batch {
	char *bytes;
	size_t length;
	uint32_t sequence; /* of the next message */
	uint32_t first;
};

static struct nlmsghdr *cursor(struct batch *batch)
{
	return (struct nlmsghdr *)(batch->bytes + batch->length);
}

static void begin(struct batch *batch)
{
	batch->length = 0;
	batch->first = batch->sequence;
	batch->length += nftnl_batch_begin((char *)cursor(batch), batch->sequence++)->nlmsg_len;
}

static struct nlmsghdr *message(struct batch *batch, uint16_t type, uint16_t flags)
{
	return nftnl_nlmsg_build_hdr((char *)cursor(batch), type, NFPROTO_INET, flags, batch->sequence++);
}

static void append(struct batch *batch, const struct nlmsghdr *header)
{
	batch->length += MNL_ALIGN(header->nlmsg_len);
}

/* The last message carries the only ACK; BATCH_END has none that all kernels send. */
static void commit(struct mnl_socket *socket, struct batch *batch, struct nlmsghdr *last)
{
	last->nlmsg_flags |= NLM_F_ACK;
	uint32_t acknowledged = last->nlmsg_seq;
	batch->length += nftnl_batch_end((char *)cursor(batch), batch->sequence++)->nlmsg_len;
	floor_send(socket, batch->bytes, batch->length);
	floor_await(socket, batch->first, acknowledged);
}

static void create(struct mnl_socket *socket, struct batch *batch, const struct floor_options *options)
{
	struct nftnl_table *table = nftnl_table_alloc();
	struct nftnl_set *set = nftnl_set_alloc();
	if (table == NULL || set == NULL)
		floor_fail("libnftnl", ENOMEM);

	begin(batch);
	nftnl_table_set_str(table, NFTNL_TABLE_NAME, FLOOR_TABLE);
	/* Add and delete first: whatever an earlier run has left is gone. */
	static const uint16_t steps[] = {NFT_MSG_NEWTABLE, NFT_MSG_DELTABLE, NFT_MSG_NEWTABLE};
	for (size_t step = 0; step < sizeof(steps) / sizeof(*steps); step++) {
		struct nlmsghdr *header =
			message(batch, steps[step], steps[step] == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0);
		nftnl_table_nlmsg_build_payload(header, table);
		append(batch, header);
	}

	nftnl_set_set_str(set, NFTNL_SET_TABLE, FLOOR_TABLE);
	nftnl_set_set_str(set, NFTNL_SET_NAME, FLOOR_SET);
	nftnl_set_set_u32(set, NFTNL_SET_ID, 1);
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, NFT_SET_TIMEOUT);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, TYPE_IPV4_ADDR);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, sizeof(uint32_t));
	if (options->counter) {
		struct nftnl_expr *counter = nftnl_expr_alloc("counter");
		if (counter == NULL)
			floor_fail("libnftnl", ENOMEM);
		nftnl_set_add_expr(set, counter);
	}
	struct nlmsghdr *header = message(batch, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);
	nftnl_set_nlmsg_build_payload(header, set);
	append(batch, header);
	commit(socket, batch, header);

	nftnl_set_free(set);
	nftnl_table_free(table);
}

/* An element that has all but its key: the loop writes the key and builds it, again and again. */
static struct nftnl_set_elem *template(const struct floor_options *options)
{
	struct nftnl_set_elem *element = nftnl_set_elem_alloc();
	if (element == NULL)
		floor_fail("libnftnl", ENOMEM);
	nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_TIMEOUT, options->timeout * 1000);
	if (options->comment) {
		struct nftnl_udata_buf *comment = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
		if (comment == NULL)
			floor_fail("libnftnl", ENOMEM);
		nftnl_udata_put_strz(comment, NFTNL_UDATA_SET_ELEM_COMMENT, FLOOR_COMMENT);
		nftnl_set_elem_set(element, NFTNL_SET_ELEM_USERDATA, nftnl_udata_buf_data(comment),
				   nftnl_udata_buf_len(comment));
		nftnl_udata_buf_free(comment);
	}
	return element;
}

/* Loads [from, to) in one transaction of as many messages as it takes. */
static void load(struct mnl_socket *socket, struct batch *batch, struct nftnl_set *set,
		 struct nftnl_set_elem *element, uint32_t from, uint32_t to)
{
	struct nlmsghdr *header = NULL;
	begin(batch);
	for (uint32_t index = from; index < to;) {
		header = message(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL);
		nftnl_set_elems_nlmsg_build_payload(header, set); /* the table's and the set's name */
		struct nlattr *list = mnl_attr_nest_start(header, NFTA_SET_ELEM_LIST_ELEMENTS);
		for (int place = 1; index < to; index++, place++) {
			char *tail = mnl_nlmsg_get_payload_tail(header);
			if (tail - (char *)list > LIST_LIMIT)
				break;
			uint32_t key = floor_key(index);
			nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, &key, sizeof(key));
			nftnl_set_elem_nlmsg_build(header, element, place);
		}
		mnl_attr_nest_end(header, list);
		append(batch, header);
	}
	commit(socket, batch, header);
}

int main(int argc, char **argv)
{
	struct floor_options options = {.chunk = 10000, .timeout = 86400};
	floor_parse(argc, argv, &options, usage);

	struct mnl_socket *socket = floor_open();
	struct batch batch = {
		.bytes = floor_allocate((size_t)options.chunk * ELEMENT_SIZE + (64 << 10)),
		.sequence = 1,
	};
	create(socket, &batch, &options);

	struct nftnl_set *set = nftnl_set_alloc();
	struct nftnl_set_elem *element = template(&options);
	if (set == NULL)
		floor_fail("libnftnl", ENOMEM);
	nftnl_set_set_str(set, NFTNL_SET_TABLE, FLOOR_TABLE);
	nftnl_set_set_str(set, NFTNL_SET_NAME, FLOOR_SET);

	double started = floor_now();
	for (uint32_t from = 0; from < options.count;) {
		uint32_t left = options.count - from;
		uint32_t to = from + (left < options.chunk ? left : options.chunk);
		load(socket, &batch, set, element, from, to);
		from = to;
	}
	double seconds = floor_now() - started;
	printf("{\"name\":\"c-floor-load\",\"n\":%u,\"chunk\":%u,\"counter\":%s,\"comment\":%s,\"seconds\":%.6f}\n",
	       options.count, options.chunk, options.counter ? "true" : "false",
	       options.comment ? "true" : "false", seconds);

	nftnl_set_elem_free(element);
	nftnl_set_free(set);
	free(batch.bytes);
	mnl_socket_close(socket);
	return 0;
}
