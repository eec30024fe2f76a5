// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import BanLists
internal import CSQLite
internal import Inet

/// fail2ban's own database, `/var/lib/fail2ban/fail2ban.sqlite3`: it has the times that `fail2ban-client banned` doesn't
/// tell. It is opened for reading only, also while fail2ban writes to it.
///
/// Source: fail2ban, `server/database.py`. Table `bips` has what is banned now, from 0.11 on; before, `bans` has
/// everything that was, without how long.
public enum Fail2banDatabase {
    /// Reads the bans in force; what fail2ban has kept beyond its end is counted as ended.
    ///
    /// - Throws: where the file can't be read, or has no such tables.
    public static func read(path: String, now: ListTime) throws(BanListError) -> BanListReading {
        let database = try Database(path: path)
        let hasBans = try database.has(table: "bips")
        let hasHistory = try database.has(table: "bans")
        guard hasBans || hasHistory else {
            throw BanListError(
                "no table bips or bans in the database",
                remedy: "give fail2ban's own, /var/lib/fail2ban/fail2ban.sqlite3")
        }
        let statement = try Statement(
            database,
            hasBans
                ? "SELECT jail, ip, timeofban, bantime FROM bips ORDER BY timeofban, ip"
                : "SELECT jail, ip, max(timeofban), NULL FROM bans GROUP BY jail, ip ORDER BY 3, 2")
        var reading = BanListReading()
        var row = 0
        var notes: [String: BanEntry.Notes] = [:]
        while try statement.step() {
            row += 1
            let jail = statement.text(0) ?? ""
            let known = notes[jail] ?? BanEntry.Notes(reason: jail.isEmpty ? nil : jail)
            notes[jail] = known
            reading.takeRow(
                row, address: statement.text(1) ?? "", timeOfBan: statement.integer(2),
                banTime: statement.integer(3), notes: known, now: now)
        }
        return reading
    }
}

/// A connection that can't write.
private final class Database {
    fileprivate private(set) var handle: OpaquePointer?
    private let path: String

    init(path: String) throws(BanListError) {
        self.path = path
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nil)
        // A connection there is also where it failed; deinit closes it.
        handle = opened
        guard code == SQLITE_OK else { throw error("can't be opened") }
        // fail2ban holds its locks for moments only.
        sqlite3_busy_timeout(opened, 5000)
    }

    deinit { sqlite3_close_v2(handle) }

    func has(table: String) throws(BanListError) -> Bool {
        let statement = try Statement(self, "SELECT name FROM sqlite_master WHERE type = 'table'")
        while try statement.step() {
            if statement.text(0) == table { return true }
        }
        return false
    }

    fileprivate func error(_ what: String) -> BanListError {
        let message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
        return BanListError(
            "the database \(what): \(message)",
            remedy: "see that the file is fail2ban's database and may be read; a copy of it will do as well")
    }
}

/// A prepared statement.
private final class Statement {
    private let database: Database
    private var handle: OpaquePointer?

    init(_ database: Database, _ sql: String) throws(BanListError) {
        self.database = database
        guard sqlite3_prepare_v2(database.handle, sql, -1, &handle, nil) == SQLITE_OK else {
            throw database.error("can't be read")
        }
    }

    deinit { sqlite3_finalize(handle) }

    /// - Returns: whether there is a row.
    func step() throws(BanListError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw database.error("can't be read")
        }
    }

    func text(_ column: Int32) -> String? {
        guard let bytes = sqlite3_column_text(handle, column) else { return nil }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    /// nil where it is no number.
    func integer(_ column: Int32) -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_INTEGER ? sqlite3_column_int64(handle, column) : nil
    }
}
