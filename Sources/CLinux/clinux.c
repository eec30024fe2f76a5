// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

#define _GNU_SOURCE

#include "CLinux.h"

#include <errno.h>
#include <sys/socket.h>

// MARK: Credentials of a Unix socket's peer

int clinux_peer_credentials(int descriptor, struct clinux_peer *peer) {
#ifdef SO_PEERCRED
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -1;
    if (length != sizeof credentials) {
        errno = EINVAL;
        return -1;
    }
    peer->pid = credentials.pid;
    peer->uid = credentials.uid;
    peer->gid = credentials.gid;
    return 0;
#else
    (void)descriptor, (void)peer;
    errno = ENOTSUP;
    return -1;
#endif
}

int clinux_peer_groups(int descriptor, gid_t *groups, uint32_t capacity) {
#ifdef SO_PEERGROUPS
    socklen_t length = capacity * sizeof *groups;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, groups, &length) != 0 && errno != ERANGE) return -1;
    return (int)(length / sizeof *groups);
#else
    (void)descriptor, (void)groups, (void)capacity;
    errno = ENOTSUP;
    return -1;
#endif
}
