// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors
//
// The system calls and structures that Swift can't see, because glibc shows them under _GNU_SOURCE only.
// One section a subject. Every function returns -1 and sets errno on failure, as system calls do.

#ifndef CLINUX_H
#define CLINUX_H

#include <stdint.h>
#include <sys/types.h>

#include "CLinuxMemory.h"
#include "CLinuxNamespace.h"
#include "CLinuxNotify.h"
#include "CLinuxReceive.h"
#include "CLinuxSockets.h"
#include "CLinuxSpawn.h"

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Credentials of a Unix socket's peer, unix(7)

/// Who connected a Unix stream socket, as of connect(2): `struct ucred`.
struct clinux_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

/// getsockopt(2) SO_PEERCRED. Returns 0.
int clinux_peer_credentials(int descriptor, struct clinux_peer *peer);

/// getsockopt(2) SO_PEERGROUPS: the peer's supplementary groups. Returns how many there are; where that is
/// more than `capacity`, nothing was written, and the caller comes again with more room.
int clinux_peer_groups(int descriptor, gid_t *groups, uint32_t capacity);

#ifdef __cplusplus
}
#endif

#endif
