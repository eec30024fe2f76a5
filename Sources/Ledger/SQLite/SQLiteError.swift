// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CSQLite

/// What SQLite said, by its extended result code.
struct SQLiteError: Error, Hashable, CustomStringConvertible {
    let code: Int32
    let message: String

    /// The primary result code: the kind of error.
    var primary: Int32 { code & 0xFF }

    var description: String { "SQLite: \(message) (\(String(cString: sqlite3_errstr(code))), \(code))" }
}

extension LedgerError {
    init(_ error: SQLiteError) {
        let code: Code =
            switch error.primary {
            case SQLITE_FULL: .full
            case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged
            case SQLITE_BUSY, SQLITE_LOCKED: .inUse
            case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY, SQLITE_AUTH: .notAccessible
            default: .inputOutput
            }
        self.init(code, "\(error)")
    }
}
