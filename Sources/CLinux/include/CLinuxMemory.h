// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

#ifndef CLINUX_MEMORY_H
#define CLINUX_MEMORY_H

// MARK: The heap, malloc(3)

#include <malloc.h>

/// malloc_trim(3): gives the system back what is free in the heap, of all threads. Returns 1 where there was anything.
static inline int clinux_trim_heap(void) { return malloc_trim(0); }

#endif
