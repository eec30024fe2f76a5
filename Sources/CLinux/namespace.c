// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

#define _GNU_SOURCE

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "include/CLinuxNamespace.h"

static int bring_loopback_up(void) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    struct ifreq request = {0};
    strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
    int result = ioctl(descriptor, SIOCGIFFLAGS, &request);
    if (result == 0) {
        request.ifr_flags |= IFF_UP;
        result = ioctl(descriptor, SIOCSIFFLAGS, &request);
    }
    close(descriptor);
    return result;
}

int clinux_network_namespace_create(void) {
    if (unshare(CLONE_NEWNET) != 0 || bring_loopback_up() != 0) return -1;
    return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

int clinux_network_namespace_enter(int descriptor) {
    return setns(descriptor, CLONE_NEWNET);
}

int clinux_thread_become_user(unsigned int user) {
    return (int)syscall(SYS_setresuid, -1, user, -1);
}
