// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors
//
// The system's SQLite, with what Swift can't import of it.

#ifndef SENTINEL_CSQLITE_H
#define SENTINEL_CSQLITE_H

#include <sqlite3.h>

// A cast of a number to a function pointer: SQLite copies what is bound.
static inline sqlite3_destructor_type sentinel_SQLITE_TRANSIENT(void) { return SQLITE_TRANSIENT; }

// Expressions of other macros.
static const int sentinel_SQLITE_IOERR_CORRUPTFS = SQLITE_IOERR_CORRUPTFS;
static const int sentinel_SQLITE_IOERR_SHORT_READ = SQLITE_IOERR_SHORT_READ;

// Variadic. A log outlives its connection: after an error nothing is to be copied out of it.
static inline int sentinel_keep_log_on_close(sqlite3 *connection) {
    return sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

#endif
