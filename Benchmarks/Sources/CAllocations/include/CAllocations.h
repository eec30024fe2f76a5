// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

#ifndef CALLOCATIONS_H
#define CALLOCATIONS_H

/// How often this process has asked for memory so far: malloc, calloc, realloc, aligned_alloc, posix_memalign.
unsigned long allocation_count(void);

#endif
