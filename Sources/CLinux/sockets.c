// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

#include "CLinuxSockets.h"

#include <errno.h>
#include <string.h>

#ifdef __linux__
#include <linux/tcp.h>
#endif

int clinux_tcp_traffic_read(const void *info, size_t length, struct clinux_tcp_traffic *traffic) {
#ifdef __linux__
    struct tcp_info known;
    if (length >= offsetof(struct tcp_info, tcpi_bytes_received) + sizeof known.tcpi_bytes_received) {
        memset(&known, 0, sizeof known);
        memcpy(&known, info, length < sizeof known ? length : sizeof known);
        traffic->acknowledged = known.tcpi_bytes_acked;
        traffic->received = known.tcpi_bytes_received;
        return 0;
    }
#else
    (void)info, (void)length, (void)traffic;
#endif
    errno = EINVAL;
    return -1;
}
