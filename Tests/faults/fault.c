/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Seed Sentinel authors
 *
 * Has calls on certain files fail, as a full or broken disk would, or ends the process at one of them. For any program:
 *
 *     cc -shared -fPIC -O1 -o fault.so fault.c -ldl
 *     FAULT_PATH=/ledger- FAULT_CONTROL=/tmp/control LD_PRELOAD=fault.so program
 *
 * FAULT_PATH     touches files whose path contains this text, and no others
 * FAULT_CONTROL  a file that is looked at before each such call: what fails from now on, or nothing when it is empty or
 *                not there. To change it put another in its place (rename); counting then begins anew.
 * FAULT_PLAN     the same in a variable, for a plan that never changes
 *
 * A plan is up to eight of these, one a line or with ";" between them: CALLS FIRST COUNT ACTION
 *     CALLS   names joined by commas: open read write sync truncate rename link unlink, or all (not read)
 *     FIRST   the number of the first of them that is touched, from 1
 *     COUNT   how many are, or 0 for all that follow
 *     ACTION  EIO, ENOSPC, EDQUOT, EROFS or EMFILE; kill (SIGKILL before the call); tear (half of a write, then SIGKILL;
 *             for other calls the call itself, then SIGKILL)
 *
 * The first time that a step touches a call it says "fault: …" on the standard error.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum call { OPEN = 1, READ = 2, WRITE = 4, SYNC = 8, TRUNCATE = 16, RENAME = 32, LINK = 64, UNLINK = 128 };
enum action { NOTHING, FAIL, KILL, TEAR };

static const struct { const char *name; unsigned calls; } names[] = {
	{"open", OPEN}, {"read", READ}, {"write", WRITE}, {"sync", SYNC}, {"truncate", TRUNCATE},
	{"rename", RENAME}, {"link", LINK}, {"unlink", UNLINK},
	{"all", OPEN | WRITE | SYNC | TRUNCATE | RENAME | LINK | UNLINK},
};
static const struct { const char *name; int number; } errors[] = {
	{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS}, {"EMFILE", EMFILE},
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct step { unsigned calls; long first, count; enum action action; int error; long seen; int said; } plan[8];
static struct stat control;
static int has_plan;
/* Which descriptors are of files that are touched. */
static unsigned char touched[65536];

#define REAL(name) \
	static __typeof__(name) *real; \
	if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static void read_step(char *line, struct step *step)
{
	char calls[128] = "", action[32] = "", end;

	if (sscanf(line, "%127s %ld %ld %31s %c", calls, &step->first, &step->count, action, &end) == 4)
		for (char *rest, *call = strtok_r(calls, ",", &rest); call; call = strtok_r(NULL, ",", &rest))
			for (size_t i = 0; i < sizeof names / sizeof *names; i++)
				if (!strcmp(call, names[i].name)) step->calls |= names[i].calls;
	if (!strcmp(action, "kill")) step->action = KILL;
	if (!strcmp(action, "tear")) step->action = TEAR;
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (!strcmp(action, errors[i].name)) step->action = FAIL, step->error = errors[i].number;
	if (!step->calls || !step->action) {
		dprintf(2, "fault: \"%s\" is no step of a plan; see fault.c\n", line);
		abort();
	}
}

static void read_plan(const char *text)
{
	char copy[512];
	size_t count = 0;

	memset(plan, 0, sizeof plan);
	snprintf(copy, sizeof copy, "%s", text);
	for (char *rest, *line = strtok_r(copy, ";\n", &rest); line; line = strtok_r(NULL, ";\n", &rest))
		if (strspn(line, " ") < strlen(line) && count < sizeof plan / sizeof *plan) read_step(line, &plan[count++]);
}

static void look_for_plan(void)
{
	const char *path = getenv("FAULT_CONTROL"), *fixed = getenv("FAULT_PLAN");
	struct stat now;
	char line[512] = "";
	int file;
	REAL(open);

	if (!path) {
		if (!has_plan && fixed) read_plan(fixed);
		has_plan = 1;
		return;
	}
	if (stat(path, &now)) memset(&now, 0, sizeof now);
	if (has_plan && now.st_ino == control.st_ino && now.st_size == control.st_size
	    && now.st_mtim.tv_sec == control.st_mtim.tv_sec && now.st_mtim.tv_nsec == control.st_mtim.tv_nsec)
		return;
	control = now;
	has_plan = 1;
	file = now.st_size ? real(path, O_RDONLY | O_CLOEXEC) : -1;
	if (file >= 0) {
		REAL(read);
		ssize_t count = real(file, line, sizeof line - 1);
		if (count < 0) count = 0;
		line[count] = 0;
		close(file);
	}
	read_plan(line);
}

static enum action next(enum call call)
{
	enum action action = NOTHING;
	int error = 0, is_first = 0;

	pthread_mutex_lock(&lock);
	look_for_plan();
	for (struct step *step = plan; step < plan + sizeof plan / sizeof *plan; step++) {
		if (!(step->calls & call)) continue;
		step->seen++;
		if (step->seen >= step->first && (!step->count || step->seen < step->first + step->count))
			action = step->action, error = step->error, is_first |= !step->said, step->said = 1;
	}
	pthread_mutex_unlock(&lock);
	if (is_first) dprintf(2, "fault: %s\n", action == KILL ? "kill" : action == TEAR ? "tear" : strerrorname_np(error));
	if (action == KILL) kill(getpid(), SIGKILL);
	if (action == FAIL) errno = error;
	return action;
}

static int is_ours(const char *path)
{
	const char *text = getenv("FAULT_PATH");
	return text && *text && path && strstr(path, text);
}

static int is_touched(int file) { return file >= 0 && file < (int)sizeof touched && touched[file]; }

static int opened(int file, int is)
{
	if (file >= 0 && file < (int)sizeof touched) touched[file] = is;
	return file;
}

static void die_if(enum action action)
{
	if (action == TEAR) kill(getpid(), SIGKILL);
}

#define OPENER(name, parameters, arguments, path) \
	int name parameters \
	{ \
		mode_t mode = 0; \
		REAL(name); \
		if (flags & (O_CREAT | __O_TMPFILE)) { \
			va_list rest; \
			va_start(rest, flags); \
			mode = va_arg(rest, mode_t); \
			va_end(rest); \
		} \
		if (!is_ours(path)) return opened(real arguments, 0); \
		enum action action = next(OPEN); \
		if (action == FAIL) return -1; \
		int file = opened(real arguments, 1); \
		die_if(action); \
		return file; \
	}
OPENER(open, (const char *path, int flags, ...), (path, flags, mode), path)
OPENER(open64, (const char *path, int flags, ...), (path, flags, mode), path)
OPENER(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode), path)
OPENER(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode), path)

/* A descriptor that is closed may be another file's next, by a call that isn't seen here. */
int close(int file)
{
	REAL(close);
	opened(file, 0);
	return real(file);
}

#define READER(name, parameters, arguments) \
	ssize_t name parameters \
	{ \
		REAL(name); \
		if (is_touched(file) && next(READ) == FAIL) return -1; \
		return real arguments; \
	}
READER(read, (int file, void *bytes, size_t count), (file, bytes, count))
READER(pread, (int file, void *bytes, size_t count, off_t offset), (file, bytes, count, offset))
READER(pread64, (int file, void *bytes, size_t count, off64_t offset), (file, bytes, count, offset))

#define WRITER(name, parameters, arguments) \
	ssize_t name parameters \
	{ \
		REAL(name); \
		enum action action = is_touched(file) ? next(WRITE) : NOTHING; \
		if (action == FAIL) return -1; \
		if (action == TEAR) count /= 2; \
		ssize_t written = real arguments; \
		die_if(action); \
		return written; \
	}
WRITER(write, (int file, const void *bytes, size_t count), (file, bytes, count))
WRITER(pwrite, (int file, const void *bytes, size_t count, off_t offset), (file, bytes, count, offset))
WRITER(pwrite64, (int file, const void *bytes, size_t count, off64_t offset), (file, bytes, count, offset))

#define ON_FILE(name, call, parameters, arguments) \
	int name parameters \
	{ \
		REAL(name); \
		enum action action = is_touched(file) ? next(call) : NOTHING; \
		if (action == FAIL) return -1; \
		int result = real arguments; \
		die_if(action); \
		return result; \
	}
ON_FILE(fsync, SYNC, (int file), (file))
ON_FILE(fdatasync, SYNC, (int file), (file))
ON_FILE(ftruncate, TRUNCATE, (int file, off_t size), (file, size))
ON_FILE(ftruncate64, TRUNCATE, (int file, off64_t size), (file, size))

#define ON_PATH(name, call, parameters, arguments, path) \
	int name parameters \
	{ \
		REAL(name); \
		enum action action = is_ours(path) ? next(call) : NOTHING; \
		if (action == FAIL) return -1; \
		int result = real arguments; \
		die_if(action); \
		return result; \
	}
ON_PATH(rename, RENAME, (const char *from, const char *to), (from, to), from)
ON_PATH(link, LINK, (const char *from, const char *to), (from, to), from)
ON_PATH(unlink, UNLINK, (const char *path), (path), path)
