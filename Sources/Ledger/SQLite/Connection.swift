// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CSQLite

/// A connection to one database file, for one thread at a time.
final class Connection {
    /// nil when it is closed: SQLite then says that it is misused.
    fileprivate private(set) var handle: OpaquePointer?
    private let log = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

    /// Opens the file.
    ///
    /// - Parameter isNew: makes it where it isn't there.
    init(path: String, isNew: Bool) throws(SQLiteError) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &opened, isNew ? flags | SQLITE_OPEN_CREATE : flags, nil)
        log.initialize(to: 0)
        // A connection there is also where it failed; deinit closes it, for all properties have a value.
        handle = opened
        guard code == SQLITE_OK else {
            let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            throw SQLiteError(code: code, message: "\(path): \(message)")
        }
        // In the place of SQLite's own hook, which moves the log into the file every thousand pages and tells nobody
        // when that fails.
        sqlite3_wal_hook(
            opened,
            { log, _, _, pages in
                log?.assumingMemoryBound(to: Int32.self).pointee = pages
                return SQLITE_OK
            }, log)
        try check(sentinel_keep_log_on_close(opened))
    }

    // Statements keep it until they are finalised themselves, so none is left here.
    deinit {
        close()
        log.deallocate()
    }

    /// Closes it now, when its statements are finalised.
    func close() {
        sqlite3_close_v2(handle)
        handle = nil
    }

    /// How many pages there were in the log after the last commit.
    var pagesInLog: Int { Int(log.pointee) }

    /// Runs statements that give no rows, or whose rows don't matter.
    func execute(_ sql: String) throws(SQLiteError) {
        try check(sqlite3_exec(handle, sql, nil, nil, nil))
    }

    /// How many rows the last statement changed.
    var changes: Int { Int(sqlite3_changes64(handle)) }

    /// The first column of the first row; nil where there is none, or it is none.
    func integer(_ sql: String) throws(SQLiteError) -> Int64? {
        let statement = try Statement(self, sql)
        return try statement.step() ? statement.value(0).integer : nil
    }

    /// The first column of the first row, as text.
    func text(_ sql: String) throws(SQLiteError) -> String? {
        let statement = try Statement(self, sql)
        return try statement.step() ? statement.value(0).text : nil
    }

    fileprivate func check(_ code: Int32) throws(SQLiteError) {
        guard code != SQLITE_OK else { return }
        throw SQLiteError(code: code, message: String(cString: sqlite3_errmsg(handle)))
    }
}

/// A prepared statement.
final class Statement {
    private let connection: Connection
    private var handle: OpaquePointer?

    init(_ connection: Connection, _ sql: String) throws(SQLiteError) {
        self.connection = connection
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(
            connection.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        try connection.check(code)
        guard let prepared else { throw SQLiteError(code: SQLITE_MISUSE, message: "an empty statement") }
        handle = prepared
    }

    deinit { finalize() }

    func finalize() {
        sqlite3_finalize(handle)
        handle = nil
    }

    /// Runs a statement that gives no row, with these values for its parameters.
    func run(_ values: [Value]) throws(SQLiteError) {
        try bind(values)
        defer { reset() }
        _ = try step()
    }

    /// Gives the parameters their values, in order.
    func bind(_ values: [Value]) throws(SQLiteError) {
        for (index, value) in values.enumerated() {
            let parameter = Int32(index) + 1
            let code =
                switch value {
                case .null: sqlite3_bind_null(handle, parameter)
                case .integer(let number): sqlite3_bind_int64(handle, parameter, number)
                case .text(let text): bind(text, to: parameter)
                }
            try connection.check(code)
        }
    }

    private func bind(_ text: String, to parameter: Int32) -> Int32 {
        var text = text
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                sqlite3_bind_text(
                    handle, parameter, $0.baseAddress, Int32(bytes.count), sentinel_SQLITE_TRANSIENT())
            }
        }
    }

    /// - Returns: whether there is a row.
    func step() throws(SQLiteError) -> Bool {
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            try connection.check(code)
            return false
        }
    }

    /// Whether there is a row for a key.
    func finds(_ key: Int64) throws(SQLiteError) -> Bool {
        try bind([.integer(key)])
        defer { reset() }
        return try step()
    }

    /// Makes it ready to be run again.
    private func reset() { sqlite3_reset(handle) }

    // MARK: The row

    /// A column as it is stored. Blobs and real numbers, which nothing here writes, are read as NULL.
    func value(_ column: Int32) -> Value {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, column))
        case SQLITE_TEXT:
            guard let bytes = sqlite3_column_text(handle, column) else { return .null }
            let count = Int(sqlite3_column_bytes(handle, column))
            return .text(String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self))
        default: return .null
        }
    }

    /// All columns of the row.
    func values() -> [Value] { (0..<sqlite3_column_count(handle)).map(value) }
}

/// What a column holds, of what the ledger writes.
enum Value: Hashable, Sendable {
    case null
    case integer(Int64)
    case text(String)

    init(_ number: Int64?) { self = number.map(Value.integer) ?? .null }
    init(_ text: String?) { self = text.map(Value.text) ?? .null }

    var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
    var text: String? { if case .text(let text) = self { text } else { nil } }
}
