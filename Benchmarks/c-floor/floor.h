// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

/* What the loader, the reader and the generator share: the data set, the netlink socket and the report. */

#ifndef FLOOR_H
#define FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <libmnl/libmnl.h>

#define FLOOR_TABLE "bench"
#define FLOOR_SET "addresses"
#define FLOOR_COMMENT "accept rate-limit"

/* One element's key: 10.0.0.0 + index, so that every tool is given the same addresses. */
#define FLOOR_BASE UINT32_C(0x0a000000)
#define FLOOR_MAXIMUM (UINT32_C(1) << 24)

struct floor_options {
	uint32_t count;
	uint32_t chunk;    /* elements per transaction, or keys per message */
	uint64_t timeout;  /* seconds */
	bool counter;
	bool comment;
	const char *format; /* the generator's first word, NULL elsewhere */
};

/* Parses the command line over the defaults in `options`; prints the usage and exits where it is wrong. */
void floor_parse(int argc, char **argv, struct floor_options *options, const char *usage);

/* The index-th key in network byte order. */
uint32_t floor_key(uint32_t index);

/* Ends the program: what failed and the errno. */
_Noreturn void floor_fail(const char *what, int error);

/* malloc that ends the program instead of returning NULL. */
void *floor_allocate(size_t size);

/* A netfilter socket with forced buffers and a receive deadline. */
struct mnl_socket *floor_open(void);

/* Sends `length` bytes as one datagram. */
void floor_send(struct mnl_socket *socket, const void *bytes, size_t length);

/*
 * Receives until the answer to message `last` of the transaction that starts at `first`: any error within it
 * ends the program, because an ACK on the last message says nothing about those before it.
 */
void floor_await(struct mnl_socket *socket, uint32_t first, uint32_t last);

/* Monotonic seconds. */
double floor_now(void);

#endif
