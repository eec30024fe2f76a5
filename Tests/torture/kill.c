// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors
//
// A library to preload: the process is killed at its Nth system call among those that leave something behind, before
// the call where N is odd, behind it where N is even. KILL_AT says N.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;
static long limit = -1;

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("KILL_AT");
    limit = text ? atol(text) : 0;
    // Those whom this process starts live on.
    unsetenv("KILL_AT");
    unsetenv("LD_PRELOAD");
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static int isLast(void) { return limit > 0 && atomic_fetch_add(&calls, 1) + 1 == limit; }

#define CALL(result, name, parameters, arguments)                                                                      \
    result name parameters {                                                                                           \
        static result(*next) parameters;                                                                               \
        if (!next) next = (result(*) parameters)dlsym(RTLD_NEXT, #name);                                               \
        int last = isLast();                                                                                           \
        if (last && limit % 2) die();                                                                                  \
        result answer = next arguments;                                                                                \
        if (last) die();                                                                                               \
        return answer;                                                                                                 \
    }

CALL(ssize_t, write, (int a, const void *b, size_t c), (a, b, c))
CALL(ssize_t, writev, (int a, const struct iovec *b, int c), (a, b, c))
CALL(ssize_t, pwrite, (int a, const void *b, size_t c, off_t d), (a, b, c, d))
CALL(ssize_t, pwrite64, (int a, const void *b, size_t c, off64_t d), (a, b, c, d))
CALL(int, fsync, (int a), (a))
CALL(int, fdatasync, (int a), (a))
CALL(int, ftruncate, (int a, off_t b), (a, b))
CALL(int, ftruncate64, (int a, off64_t b), (a, b))
CALL(int, unlink, (const char *a), (a))
CALL(int, rename, (const char *a, const char *b), (a, b))
CALL(ssize_t, send, (int a, const void *b, size_t c, int d), (a, b, c, d))
CALL(ssize_t, sendto, (int a, const void *b, size_t c, int d, const struct sockaddr *e, socklen_t f), (a, b, c, d, e, f))
CALL(ssize_t, sendmsg, (int a, const struct msghdr *b, int c), (a, b, c))
CALL(ssize_t, recvmsg, (int a, struct msghdr *b, int c), (a, b, c))
CALL(ssize_t, recvfrom, (int a, void *b, size_t c, int d, struct sockaddr *e, socklen_t *f), (a, b, c, d, e, f))
CALL(ssize_t, recv, (int a, void *b, size_t c, int d), (a, b, c, d))
CALL(int, bind, (int a, const struct sockaddr *b, socklen_t c), (a, b, c))
CALL(int, listen, (int a, int b), (a, b))
CALL(int, close, (int a), (a))
