// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors
//
// libFuzzer's entry for programs that have a main of their own (https://llvm.org/docs/LibFuzzer.html).

#ifndef SENTINEL_CFUZZER_H
#define SENTINEL_CFUZZER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*body)(const uint8_t *data, size_t size));

#endif
