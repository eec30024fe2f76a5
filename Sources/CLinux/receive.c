// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

#define _GNU_SOURCE

#include "CLinuxReceive.h"

#include <errno.h>
#include <sys/socket.h>

int clinux_receive_datagrams(int descriptor, void *buffer, size_t size, uint32_t *lengths, uint32_t count) {
    struct mmsghdr messages[CLINUX_DATAGRAMS] = {0};
    struct iovec places[CLINUX_DATAGRAMS];
    if (count > CLINUX_DATAGRAMS) {
        errno = EINVAL;
        return -1;
    }
    for (uint32_t i = 0; i < count; i++) {
        places[i] = (struct iovec){(char *)buffer + i * size, size};
        messages[i].msg_hdr.msg_iov = &places[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    int taken = recvmmsg(descriptor, messages, count, MSG_DONTWAIT | MSG_TRUNC, NULL);
    for (int i = 0; i < taken; i++) lengths[i] = messages[i].msg_len;
    return taken;
}
