// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

/* Writes what `load` loads as text for the other tools: `nft -f` or `ipset restore`. */

#include "floor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

static const char usage[] =
	"usage: generate [--counter] [--comment] [--timeout SECONDS] [--chunk ELEMENTS] nft|ipset N\n"
	"  --chunk   elements per `add element` line of the nft file\n";

static const char *text(uint32_t index)
{
	static char buffer[INET_ADDRSTRLEN];
	uint32_t key = floor_key(index);
	inet_ntop(AF_INET, &key, buffer, sizeof(buffer));
	return buffer;
}

static void write_nft(const struct floor_options *options)
{
	printf("add table inet " FLOOR_TABLE "\ndelete table inet " FLOOR_TABLE "\nadd table inet " FLOOR_TABLE "\n");
	printf("add set inet " FLOOR_TABLE " " FLOOR_SET " { type ipv4_addr; flags timeout;%s }\n",
	       options->counter ? " counter;" : "");
	for (uint32_t index = 0; index < options->count; index++) {
		bool opens = index % options->chunk == 0;
		bool closes = (index + 1) % options->chunk == 0 || index + 1 == options->count;
		if (opens)
			printf("add element inet " FLOOR_TABLE " " FLOOR_SET " { ");
		printf("%s timeout %" PRIu64 "s%s%s", text(index), options->timeout,
		       options->comment ? " comment \"" FLOOR_COMMENT "\"" : "", closes ? " }\n" : ", ");
	}
}

static void write_ipset(const struct floor_options *options)
{
	printf("create " FLOOR_SET " hash:ip family inet hashsize 1024 maxelem %u timeout %" PRIu64 "%s%s\n",
	       FLOOR_MAXIMUM, options->timeout, options->counter ? " counters" : "",
	       options->comment ? " comment" : "");
	for (uint32_t index = 0; index < options->count; index++)
		printf("add " FLOOR_SET " %s timeout %" PRIu64 "%s\n", text(index), options->timeout,
		       options->comment ? " comment \"" FLOOR_COMMENT "\"" : "");
}

int main(int argc, char **argv)
{
	struct floor_options options = {.chunk = 10000, .timeout = 86400, .format = ""};
	floor_parse(argc, argv, &options, usage);
	if (strcmp(options.format, "nft") == 0)
		write_nft(&options);
	else if (strcmp(options.format, "ipset") == 0)
		write_ipset(&options);
	else {
		fputs(usage, stderr);
		return 2;
	}
	if (fflush(stdout) != 0 || ferror(stdout))
		floor_fail("write", errno);
	return 0;
}
