// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

#ifndef CLINUX_SPAWN_H
#define CLINUX_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: The kernel's readers

/// membarrier(2) MEMBARRIER_CMD_GLOBAL, which waits until whoever reads the kernel's structures by RCU, as packets on their
/// way do, is done with what he read before. Takes some ten milliseconds. Where the kernel can't, it waits as long.
void clinux_wait_for_readers(void);

// MARK: A program without privileges

/// A program that was started.
struct clinux_spawned {
    pid_t pid;
    /// pidfd_open(2): readable once the program has ended. The caller closes it, and reaps the process.
    int descriptor;
    /// On failure, the call that failed, "setresuid(2)"; else NULL. It is never freed.
    const char *failed;
};

/// Starts a program that can do little but compute, and write to `output` and `errors`:
///
/// - it has no capability and can't gain one (no_new_privs); where any of the caller's user ids is root, it runs
///   as `user` and `group` with no other group
/// - it has the three descriptors as its standard input, output and error, and no other one
/// - its environment is empty, its directory is the root, every signal has its default action and none is blocked
/// - it leaves no core
///
/// Where the caller isn't root, it runs as the caller's own user: it can still do to files and processes what that
/// user may do. The program itself calls clinux_confine() before it reads anything.
///
/// Returns 0 once execve(2) has succeeded. `arguments` ends with NULL and starts with the program's name.
int clinux_spawn_unprivileged(
    const char *program, char *const arguments[], int input, int output, int errors, uid_t user, gid_t group,
    struct clinux_spawned *spawned);

/// waitpid(2): waits until a child has ended, and forgets it. Returns its exit status, or 0 with `signal` set to the
/// signal that ended it, or -1.
int clinux_reap(pid_t pid, int *signal);

/// setrlimit(2): from now on, the calling process can neither write to a file nor, unless it is root, start a
/// process or a thread. Called by the program once its libraries have what they need. Returns 0.
int clinux_confine(void);

/// setrlimit(2): from now on, the calling process gets no more address space than so many bytes, and is ended after so
/// many seconds of a processor's time. Returns 0.
int clinux_bound(unsigned long long memory, unsigned long long seconds);

/// memfd_create(2): a file without a name that has these bytes, to be read from its beginning, and is closed on exec.
/// Returns its descriptor.
int clinux_memory_file(const void *bytes, size_t count);

/// pipe2(2) O_CLOEXEC: the reading end first. Returns 0.
int clinux_pipe(int ends[2]);

#ifdef __cplusplus
}
#endif

#endif
