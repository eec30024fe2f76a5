// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

#ifndef CLINUX_NOTIFY_H
#define CLINUX_NOTIFY_H

// MARK: The service manager's notification socket, sd_notify(3)

/// Opens a socket to send from. Returns its descriptor.
int clinux_notify_open(void);

/// Sends a datagram from that socket to a Unix socket, whose path begins with '@' where it is abstract, with a descriptor beside it
/// unless that is -1 (SCM_RIGHTS in unix(7)). Doesn't wait for room there: EAGAIN. Returns 0.
int clinux_notify(int sender, const char *path, const char *text, int descriptor);

#endif
