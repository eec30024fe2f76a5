// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CSQLite

/// What SQLite said, by its extended result code.
struct SQLiteError: Error, Hashable, CustomStringConvertible {
    let code: Int32
    let message: String

    /// The primary result code: the kind of error.
    var primary: Int32 { code & 0xFF }

    /// Whether the file system has no space left.
    var isFull: Bool { primary == SQLITE_FULL }

    var description: String { "SQLite: \(message) (\(String(cString: sqlite3_errstr(code))), \(code))" }
}

extension LedgerError {
    init(_ error: SQLiteError) {
        let code: Code =
            switch error.primary {
            case SQLITE_FULL: .full
            case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged
            // The disk gives back less than is there, or an error in its place.
            case SQLITE_IOERR
            where [sentinel_SQLITE_IOERR_CORRUPTFS, sentinel_SQLITE_IOERR_SHORT_READ].contains(error.code):
                .damaged
            // Statements that are right fail where the schema isn't the ledger's.
            case SQLITE_ERROR, SQLITE_SCHEMA, SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_FORMAT,
                SQLITE_INTERNAL:
                .damaged
            case SQLITE_BUSY, SQLITE_LOCKED: .inUse
            case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY, SQLITE_AUTH: .notAccessible
            default: .inputOutput
            }
        self.init(code, "\(error)")
    }
}
