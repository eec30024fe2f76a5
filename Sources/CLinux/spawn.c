// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

#define _GNU_SOURCE

#include "include/CLinuxSpawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__

#include <linux/capability.h>
#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

// MARK: Between fork(2) and execve(2)
//
// The parent may have threads, so nothing here may take a lock: only async-signal-safe functions are called, and
// plain system calls where the C library's function would talk to the other threads (setresuid(2)).

/// What the child tells when it can't go on.
struct failure {
    int error;
    int step;
};

/// The calls that may fail, in their order.
enum step {
    DESCRIPTORS,
    SIGNALS,
    DIRECTORY,
    BOUNDING,
    AMBIENT,
    GROUPS,
    GROUP,
    USER,
    CAPABILITIES,
    PRIVILEGES,
    LIMITS,
    EXECUTE
};

static const char *const steps[] = {
    [DESCRIPTORS] = "dup2(2)",
    [SIGNALS] = "sigaction(2)",
    [DIRECTORY] = "chdir(2)",
    [BOUNDING] = "prctl(2) PR_CAPBSET_DROP",
    [AMBIENT] = "prctl(2) PR_CAP_AMBIENT_CLEAR_ALL",
    [GROUPS] = "setgroups(2)",
    [GROUP] = "setresgid(2)",
    [USER] = "setresuid(2)",
    [CAPABILITIES] = "capset(2)",
    [PRIVILEGES] = "prctl(2) PR_SET_NO_NEW_PRIVS",
    [LIMITS] = "setrlimit(2)",
    [EXECUTE] = "execve(2)",
};

/// Makes the given descriptors 0, 1 and 2, and the channel 3, closed on exec, and closes all others.
static int keep_descriptors(const int descriptors[3], int *channel) {
    // Out of the way first: any of the four may have a number below 4.
    int kept[3];
    for (int i = 0; i < 3; i++)
        if ((kept[i] = fcntl(descriptors[i], F_DUPFD_CLOEXEC, 4)) < 0) return -1;
    int moved = fcntl(*channel, F_DUPFD_CLOEXEC, 4);
    if (moved < 0) return -1;
    *channel = moved;
    for (int i = 0; i < 3; i++)
        if (dup2(kept[i], i) < 0) return -1;
    if (dup3(moved, 3, O_CLOEXEC) < 0) return -1;
    *channel = 3;
    return (int)syscall(SYS_close_range, 4U, ~0U, 0U);
}

/// sigaction(2) itself, as the C library's refuses the two signals that it keeps to itself, and a parent may have
/// been started with those ignored. All zeros are SIG_DFL without flags, whatever the order of the fields.
static int reset_signals(void) {
    const unsigned long action[8] = {0};
    for (int signal = 1; signal < NSIG; signal++) {
        if (signal == SIGKILL || signal == SIGSTOP) continue;
        if (syscall(SYS_rt_sigaction, signal, action, NULL, (NSIG - 1) / 8) != 0) return -1;
    }
    sigset_t none;
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

static int limit(const int resources[], int count) {
    const struct rlimit none = {0, 0};
    for (int i = 0; i < count; i++)
        if (setrlimit(resources[i], &none) != 0) return -1;
    return 0;
}

/// Needs CAP_SETPCAP, without which the program has no way to gain from the bounding set anyway.
static int empty_bounding_set(void) {
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EPERM) return -1;
    return 0;
}

/// execve(2) itself takes all capabilities from a user other than root once the ambient set is empty; this takes
/// the inheritable ones too. A filter that forbids capset(2) answers EPERM, which lowering never gets otherwise.
static int clear_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};
    return syscall(SYS_capset, &header, none) == 0 || errno == EPERM ? 0 : -1;
}

static int is_root(void) {
    uid_t real, effective, saved;
    return getresuid(&real, &effective, &saved) != 0 || real == 0 || effective == 0 || saved == 0;
}

/// Does everything up to execve(2), and that. Returns the step that failed, with errno set.
static enum step become(
    const char *program, char *const arguments[], const int descriptors[3], int *channel, uid_t user,
    gid_t group) {
    char *const environment[] = {NULL};
    if (keep_descriptors(descriptors, channel) != 0) return DESCRIPTORS;
    if (reset_signals() != 0) return SIGNALS;
    if (chdir("/") != 0) return DIRECTORY;
    if (empty_bounding_set() != 0) return BOUNDING;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return AMBIENT;
    if (is_root()) {
        if (syscall(SYS_setgroups, 0, NULL) != 0) return GROUPS;
        if (syscall(SYS_setresgid, group, group, group) != 0) return GROUP;
        if (syscall(SYS_setresuid, user, user, user) != 0) return USER;
    }
    if (clear_capabilities() != 0) return CAPABILITIES;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return PRIVILEGES;
    if (limit((const int[]){RLIMIT_CORE}, 1) != 0) return LIMITS;
    execve(program, arguments, environment);
    return EXECUTE;
}

// MARK: In the parent

/// Waits until the child has become the program, or tells why not. Returns 0, or -1 with errno.
static int await_program(int channel, struct clinux_spawned *spawned) {
    struct failure failure;
    ssize_t length;
    do length = read(channel, &failure, sizeof failure);
    while (length < 0 && errno == EINTR);
    if (length == 0) return 0;
    if (length == sizeof failure) {
        spawned->failed = steps[failure.step];
        errno = failure.error;
    } else {
        spawned->failed = "read(2)";
    }
    return -1;
}

static void end(pid_t pid) {
    int signal;
    kill(pid, SIGKILL);
    clinux_reap(pid, &signal);
}

int clinux_spawn_unprivileged(
    const char *program, char *const arguments[], int input, int output, int errors, uid_t user, gid_t group,
    struct clinux_spawned *spawned) {
    *spawned = (struct clinux_spawned){.pid = -1, .descriptor = -1};
    const int descriptors[3] = {input, output, errors};
    int channel[2];
    if (pipe2(channel, O_CLOEXEC) != 0) {
        spawned->failed = "pipe2(2)";
        return -1;
    }
    // No handler of the parent's may run in the child.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) {
        struct failure failure;
        failure.step = become(program, arguments, descriptors, &channel[1], user, group);
        failure.error = errno;
        ssize_t written = write(channel[1], &failure, sizeof failure);
        _exit(written == sizeof failure ? 127 : 126);
    }
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(channel[1]);
    int result = -1;
    if (pid < 0) {
        spawned->failed = "fork(2)";
    } else if (await_program(channel[0], spawned) != 0) {
        error = errno;
        end(pid);
    } else if ((spawned->descriptor = (int)syscall(SYS_pidfd_open, pid, 0)) < 0) {
        spawned->failed = "pidfd_open(2)";
        error = errno;
        end(pid);
    } else {
        spawned->pid = pid;
        result = 0;
    }
    close(channel[0]);
    errno = error;
    return result;
}

int clinux_reap(pid_t pid, int *signal) {
    int status;
    *signal = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return -1;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    *signal = WTERMSIG(status);
    return 0;
}

int clinux_confine(void) {
    return limit((const int[]){RLIMIT_FSIZE, RLIMIT_NPROC}, 2);
}

void clinux_wait_for_readers(void) {
    const struct timespec time = {0, 20 * 1000 * 1000};
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0) nanosleep(&time, NULL);
}

int clinux_bound(unsigned long long memory, unsigned long long seconds) {
    const struct rlimit space = {memory, memory}, time = {seconds, seconds};
    return setrlimit(RLIMIT_AS, &space) != 0 ? -1 : setrlimit(RLIMIT_CPU, &time);
}

int clinux_memory_file(const void *bytes, size_t count) {
    int descriptor = memfd_create("sentinel", MFD_CLOEXEC);
    if (descriptor < 0) return -1;
    size_t written = 0;
    while (written < count) {
        ssize_t result = write(descriptor, (const char *)bytes + written, count - written);
        if (result < 0 && errno == EINTR) continue;
        if (result < 0) {
            int error = errno;
            close(descriptor);
            errno = error;
            return -1;
        }
        written += (size_t)result;
    }
    lseek(descriptor, 0, SEEK_SET);
    return descriptor;
}

int clinux_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC);
}

#else

int clinux_spawn_unprivileged(
    const char *program, char *const arguments[], int input, int output, int errors, uid_t user, gid_t group,
    struct clinux_spawned *spawned) {
    (void)program, (void)arguments, (void)input, (void)output, (void)errors, (void)user, (void)group;
    *spawned = (struct clinux_spawned){.pid = -1, .descriptor = -1, .failed = "fork(2)"};
    errno = ENOTSUP;
    return -1;
}

int clinux_reap(pid_t pid, int *signal) {
    (void)pid, (void)signal;
    errno = ENOTSUP;
    return -1;
}

int clinux_confine(void) {
    errno = ENOTSUP;
    return -1;
}

void clinux_wait_for_readers(void) {}

int clinux_bound(unsigned long long memory, unsigned long long seconds) {
    (void)memory, (void)seconds;
    errno = ENOTSUP;
    return -1;
}

int clinux_memory_file(const void *bytes, size_t count) {
    (void)bytes, (void)count;
    errno = ENOTSUP;
    return -1;
}

int clinux_pipe(int ends[2]) {
    (void)ends;
    errno = ENOTSUP;
    return -1;
}

#endif
