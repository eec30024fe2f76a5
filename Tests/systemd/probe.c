// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors
//
// Tries what the service may do and what it may not, one line for each: its name, and "done" or the error.
//
//   probe DIRECTORY    a directory that may be written to

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(const char *name, int failed)
{
	int error = errno;

	printf("%s %s\n", name, failed ? strerrorname_np(error) : "done");
	fflush(stdout);
}

static void memory(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	void *writable;

	tell("map-writable-executable",
	     mmap(NULL, page, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1, 0) == MAP_FAILED);
	writable = mmap(NULL, page, PROT_READ | PROT_WRITE, flags, -1, 0);
	tell("map-writable", writable == MAP_FAILED);
	tell("make-executable", mprotect(writable, page, PROT_READ | PROT_EXEC) != 0);
}

static void open_socket(const char *name, int family, int type, int protocol)
{
	int made = socket(family, type, protocol);

	tell(name, made < 0);
	if (made >= 0)
		close(made);
}

static void write_to(const char *name, const char *directory)
{
	char path[256];
	int made;

	snprintf(path, sizeof(path), "%s/probe-wrote-this", directory);
	made = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0700);
	tell(name, made < 0);
	if (made >= 0) {
		close(made);
		unlink(path);
	}
}

// Whether a program can be started: the child's exit status is the error.
static void run(const char *name, const char *path)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		execl(path, path, "-c", "exit 0", (char *)NULL);
		_exit(errno);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0) {
		tell(name, 1);
		return;
	}
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	tell(name, errno != 0);
}

// A copy of this program in a directory that can be written to.
static void run_own_file(const char *directory)
{
	char path[256], bytes[65536];
	ssize_t count;
	int from = open("/proc/self/exe", O_RDONLY), to;

	snprintf(path, sizeof(path), "%s/probe-copy", directory);
	to = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0700);
	while (from >= 0 && to >= 0 && (count = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)count) != count)
			break;
	close(from);
	close(to);
	run("run-what-it-wrote", path);
	unlink(path);
}

// To who it belongs to already, which without a filter anybody may.
static void change_owner(const char *directory)
{
	char path[256];
	int made;

	snprintf(path, sizeof(path), "%s/probe-owns-this", directory);
	made = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0700);
	tell("change-owner", made < 0 || fchown(made, geteuid(), getegid()) != 0);
	close(made);
	unlink(path);
}

static void calls(void)
{
	tell("mount", mount("none", "/tmp", "tmpfs", 0, NULL) != 0 || umount("/tmp") != 0);
	tell("new-namespace", unshare(CLONE_NEWNS) != 0);
	tell("change-personality", personality(PER_LINUX32) == -1);
	tell("trace", ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0);
	tell("become-root", setuid(0) != 0 || seteuid(0) != 0);
}

int main(int count, char **arguments)
{
	// Started by itself, as a shell is.
	if (count == 3)
		return 0;
	if (count != 2)
		return 64;
	memory();
	open_socket("unix-socket", AF_UNIX, SOCK_STREAM, 0);
	open_socket("netlink-socket", AF_NETLINK, SOCK_RAW, 12);
	open_socket("ipv4-socket", AF_INET, SOCK_STREAM, 0);
	open_socket("ipv6-socket", AF_INET6, SOCK_DGRAM, 0);
	open_socket("packet-socket", AF_PACKET, SOCK_RAW, 0);
	write_to("write-state", arguments[1]);
	write_to("write-etc", "/etc");
	write_to("write-usr", "/usr/sbin");
	write_to("write-run", "/run");
	write_to("write-shared-memory", "/dev/shm");
	write_to("write-home", "/root");
	run("run-shell", "/bin/sh");
	run_own_file(arguments[1]);
	change_owner(arguments[1]);
	calls();
	return 0;
}
