// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors
//
// What linux/tcp.h tells of a socket and glibc's netinet/tcp.h does not: one of the two headers excludes the other.

#ifndef CLINUX_SOCKETS_H
#define CLINUX_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

/// What a TCP connection has carried since it began, in bytes.
struct clinux_tcp_traffic {
    /// Sent by this side, and acknowledged by the other. The beginning of a connection that this side began counts as one.
    uint64_t acknowledged;
    /// Received from the other side.
    uint64_t received;
};

/// Reads what sock_diag(7) gives as INET_DIAG_INFO, `struct tcp_info`. Returns 0; -1 and EINVAL where it is too short:
/// kernels tell of bytes since 4.1.
int clinux_tcp_traffic_read(const void *info, size_t length, struct clinux_tcp_traffic *traffic);

#endif
