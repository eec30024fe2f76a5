// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

#ifndef CLINUX_RECEIVE_H
#define CLINUX_RECEIVE_H

#include <stddef.h>
#include <stdint.h>

// MARK: Several datagrams at once, recvmmsg(2)

/// How many datagrams one call takes at most.
#define CLINUX_DATAGRAMS 64

/// recvmmsg(2) MSG_DONTWAIT | MSG_TRUNC: takes the datagrams that are there, up to `count` of them, into as many places
/// of `size` bytes that lie one after another in `buffer`, and writes their lengths, which may be more than `size`.
/// Returns how many there are.
int clinux_receive_datagrams(int descriptor, void *buffer, size_t size, uint32_t *lengths, uint32_t count);

#endif
