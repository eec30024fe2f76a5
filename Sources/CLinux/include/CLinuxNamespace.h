// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

#ifndef CLINUX_NAMESPACE_H
#define CLINUX_NAMESPACE_H

// MARK: Network namespaces, network_namespaces(7)

/// unshare(2) CLONE_NEWNET, brings `lo` up and opens the calling thread's new namespace. Returns its
/// descriptor, which is closed on exec.
int clinux_network_namespace_create(void);

/// setns(2): moves the calling thread, and no other, into a network namespace. Returns 0.
int clinux_network_namespace_enter(int descriptor);

// MARK: One thread's user, credentials(7)

/// The system call setresuid(2) itself, which changes the calling thread's effective user and no other thread's,
/// as glibc's function of this name would. For good, unless the real user is root. Returns 0.
int clinux_thread_become_user(unsigned int user);

#endif
