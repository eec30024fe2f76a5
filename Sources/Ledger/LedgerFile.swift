// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// One file with bans, strikes and history: an SQLite database with a write-ahead log, synced at each commit, and
/// locked against everyone else. For one thread at a time.
///
/// After an error of its own it is done with: what the system has of it can't be known, so a new one is written.
final class LedgerFile {
    private let connection: Connection
    private let begin: Statement
    private let commit: Statement
    private let rollback: Statement
    private let insertions: [LedgerTable: Statement]
    private let deletion: Statement
    private let existence: Statement
    /// As the file has it.
    private(set) var state: LedgerState
    private var nextEvent: Int64
    /// The largest id that is in the file; those above need no search.
    private var largest: Int64

    /// Opens a file, or makes it.
    init(path: String) throws(LedgerError) {
        do {
            connection = try Connection(path: path)
            try Self.configure(connection)
            try Self.migrate(connection)
            begin = try Statement(connection, "BEGIN IMMEDIATE")
            commit = try Statement(connection, "COMMIT")
            rollback = try Statement(connection, "ROLLBACK")
            var insertions: [LedgerTable: Statement] = [:]
            for table in LedgerTable.all { insertions[table] = try Statement(connection, table.insertion) }
            self.insertions = insertions
            deletion = try Statement(connection, "DELETE FROM bans WHERE id = ?")
            existence = try Statement(connection, "SELECT 1 FROM bans WHERE id = ?")
            state = try Self.readState(connection)
            nextEvent = try connection.integer("SELECT max(number) FROM history") + 1
            largest = try connection.integer("SELECT max(id) FROM bans")
        } catch let error as SQLiteError {
            throw LedgerError(error)
        } catch {
            throw (error as? LedgerError) ?? LedgerError(.inputOutput, "\(error)")
        }
    }

    /// "SSdL", so that file(1) and we know whose it is.
    private static let applicationID: Int64 = 0x5353_644C

    private static func configure(_ connection: Connection) throws {
        // Before the log is used: its index then lies in memory, and no other file is mapped.
        try connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        try connection.execute("PRAGMA page_size = \(PageReader.pageSize)")
        try connection.execute("PRAGMA journal_mode = WAL")
        try connection.execute("PRAGMA synchronous = FULL")
        try connection.execute("PRAGMA cache_size = -2048")
        try connection.execute("PRAGMA temp_store = MEMORY")
        try connection.execute("PRAGMA journal_size_limit = 16777216")
        try connection.execute("PRAGMA cell_size_check = ON")
        // What is deleted is overwritten, so that nothing that has ended is found when a damaged file is read page
        // by page.
        try connection.execute("PRAGMA secure_delete = ON")
        // Takes the lock.
        try connection.execute("BEGIN IMMEDIATE; COMMIT")
    }

    /// Each step leads from its place in the list to the next version.
    private static let migrations: [[String]] = [LedgerTable.all.map(\.creation)]

    private static func migrate(_ connection: Connection) throws {
        let version = Int(try connection.integer("PRAGMA user_version"))
        let owner = try connection.integer("PRAGMA application_id")
        guard version == 0 || owner == applicationID else {
            throw LedgerError(.damaged, "it is a database, but no ledger")
        }
        guard version <= migrations.count else {
            throw LedgerError(
                .newer,
                "the ledger has version \(version), and this sentineld knows up to \(migrations.count); install the "
                    + "later sentineld again, or move the ledger away")
        }
        guard version < migrations.count else { return }
        try connection.execute("BEGIN IMMEDIATE")
        for statement in migrations[version...].joined() { try connection.execute(statement) }
        try connection.execute("PRAGMA application_id = \(applicationID)")
        try connection.execute("PRAGMA user_version = \(migrations.count)")
        try connection.execute("COMMIT")
    }

    private static func readState(_ connection: Connection) throws -> LedgerState {
        let statement = try Statement(connection, LedgerTable.state.selection)
        guard try statement.step() else {
            // Made a moment ago, or emptied.
            guard try connection.integer("SELECT count(*) FROM bans") == 0 else {
                throw LedgerError(.damaged, "its state is missing")
            }
            return LedgerState(mark: .init(boot: "", shift: 0, written: 0, wall: 0), bans: 0, next: 1)
        }
        guard let row = Row(stored: statement.values(), of: .state), let state = LedgerState(row) else {
            throw LedgerError(.damaged, "its state isn't what was written")
        }
        return state
    }

    /// What the last write left behind; nil where there was none.
    var mark: Timeline.Mark? { state == Self.blank ? nil : state.mark }

    private static let blank = LedgerState(
        mark: .init(boot: "", shift: 0, written: 0, wall: 0), bans: 0, next: 1)

    // MARK: Reading

    /// Reads all bans and strikes, each row checked.
    ///
    /// - Throws: `damaged` where a row isn't what was written, or one is missing. Those before have been told.
    func load(
        bans: (LedgerBan) -> Void, offences: (LedgerOffence) -> Void
    ) throws(LedgerError) {
        var count: Int64 = 0
        try read(.bans) { row in
            guard let ban = LedgerBan(row) else { return false }
            count += 1
            bans(ban)
            return true
        }
        guard count == state.bans else {
            throw LedgerError(.damaged, "it has \(count) bans, and should have \(state.bans)")
        }
        try read(.offences) { row in
            guard let offence = LedgerOffence(row) else { return false }
            offences(offence)
            return true
        }
    }

    /// Reads the history, oldest first, from a number on.
    func events(from number: Int64, limit: Int) throws(LedgerError) -> [(number: Int64, event: LedgerEvent)] {
        do {
            let statement = try Statement(
                connection,
                "SELECT * FROM history WHERE number >= \(number) ORDER BY number LIMIT \(limit)")
            var events: [(Int64, LedgerEvent)] = []
            while try statement.step() {
                guard let row = Row(stored: statement.values(), of: .history), let event = LedgerEvent(row)
                else {
                    throw LedgerError(.damaged, "its history isn't what was written")
                }
                events.append((row.key, event))
            }
            return events
        } catch let error as SQLiteError {
            throw LedgerError(error)
        } catch {
            throw (error as? LedgerError) ?? LedgerError(.inputOutput, "\(error)")
        }
    }

    private func read(_ table: LedgerTable, _ body: (Row) -> Bool) throws(LedgerError) {
        do {
            let statement = try Statement(connection, table.selection)
            var last = Int64.min
            while try statement.step() {
                guard let row = Row(stored: statement.values(), of: table), row.key > last, body(row) else {
                    throw LedgerError(.damaged, "a row of \(table.name) isn't what was written")
                }
                last = row.key
            }
        } catch let error as SQLiteError {
            throw LedgerError(error)
        } catch {
            throw (error as? LedgerError) ?? LedgerError(.inputOutput, "\(error)")
        }
    }

    // MARK: Writing

    /// Makes changes last, all of them or none: when this returns, they are on the disk.
    func write(_ batches: [LedgerBatch], mark: Timeline.Mark) throws(LedgerError) {
        do {
            try begin.run([])
        } catch {
            throw LedgerError(error)
        }
        let before = (state, nextEvent, largest)
        do {
            for batch in batches { try put(batch) }
            state.mark = mark
            try insert(state.row, into: .state)
            try commit.run([])
        } catch {
            (state, nextEvent, largest) = before
            try? rollback.run([])
            throw LedgerError(error)
        }
    }

    private func put(_ batch: LedgerBatch) throws(SQLiteError) {
        for ban in batch.bans {
            if try !has(ban.id) { state.bans += 1 }
            try insert(ban.row, into: .bans)
            largest = max(largest, ban.id)
            state.next = max(state.next, ban.id + 1)
        }
        for id in batch.ended {
            try deletion.run([.integer(id)])
            state.bans -= Int64(connection.changes)
        }
        for offence in batch.offences {
            try insert(offence.row, into: .offences)
            state.next = max(state.next, offence.id + 1)
        }
        for event in batch.events {
            try insert(event.row(number: nextEvent), into: .history)
            nextEvent += 1
        }
    }

    private func has(_ id: Int64) throws(SQLiteError) -> Bool {
        guard id <= largest else { return false }
        defer { existence.reset() }
        try existence.bind([.integer(id)])
        return try existence.step()
    }

    private func insert(_ row: Row, into table: LedgerTable) throws(SQLiteError) {
        try insertions[table]?.run(row.stored)
    }

    /// Forgets strikes whose time has come, and history that is older than wanted or more than there may be.
    ///
    /// - Parameters:
    ///   - time: now, in the ledger's time.
    ///   - oldest: milliseconds of the wall clock; history from before goes.
    ///   - most: how many events are kept.
    func sweep(time: Int64, oldest: Int64, most: Int64) throws(LedgerError) {
        do {
            try connection.execute("DELETE FROM offences WHERE forgotten <= \(time)")
            try connection.execute("DELETE FROM history WHERE number <= \(nextEvent - 1 - most)")
            // Numbers follow time, so this looks at no more than it deletes.
            let statement = try Statement(
                connection, "SELECT number FROM history WHERE time >= \(oldest) ORDER BY number LIMIT 1")
            let first = try statement.step() ? statement.integer(0) : nextEvent
            statement.reset()
            try connection.execute("DELETE FROM history WHERE number < \(first)")
        } catch {
            throw LedgerError(error)
        }
    }

    /// Puts the log's content into the file itself.
    func checkpoint() throws(LedgerError) {
        do {
            try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        } catch {
            throw LedgerError(error)
        }
    }
}

// MARK: - Writing all anew

extension LedgerFile {
    /// Begins to replace all bans and strikes, in one transaction that lasts until ``finishReplacing(mark:next:)``.
    func beginReplacing() throws(LedgerError) {
        do {
            try begin.run([])
            try connection.execute("DELETE FROM bans")
            try connection.execute("DELETE FROM offences")
        } catch {
            throw LedgerError(error)
        }
        state.bans = 0
        largest = 0
    }

    /// Adds to what ``beginReplacing()`` has begun.
    func replace(with batch: LedgerBatch) throws(LedgerError) {
        do {
            try put(batch)
        } catch {
            throw LedgerError(error)
        }
    }

    /// Puts a row in that was read elsewhere.
    func copy(_ row: Row, into table: LedgerTable) throws(LedgerError) {
        do {
            try insert(row, into: table)
        } catch {
            throw LedgerError(error)
        }
        if table == .history {
            nextEvent = max(nextEvent, row.key + 1)
        } else {
            state.next = max(state.next, row.key + 1)
        }
        if table == .bans { largest = max(largest, row.key) }
    }

    /// Makes what was begun last.
    ///
    /// - Parameter next: the least id that no ban has had, as far as the caller knows.
    func finishReplacing(mark: Timeline.Mark, next: Int64) throws(LedgerError) {
        state.mark = mark
        state.next = max(state.next, next)
        do {
            state.bans = try connection.integer("SELECT count(*) FROM bans")
            try insert(state.row, into: .state)
            try commit.run([])
        } catch {
            throw LedgerError(error)
        }
    }
}
