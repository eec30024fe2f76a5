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
    private let rescues: [LedgerTable: Statement]
    private let deletion: Statement
    private let existence: Statement
    private let offenceExistence: Statement
    /// As the file has it.
    private(set) var state: LedgerState
    /// The largest id of a ban that is in the file; those above need no search.
    private var largest: Int64
    /// nil while the file is being made, for it has another name then.
    private let lastCommit: LastCommit?

    /// Opens a file.
    ///
    /// - Parameter isNew: makes it. One that was there must have been made to its end.
    init(path: String, isNew: Bool = false) throws(LedgerError) {
        lastCommit = isNew ? nil : LastCommit(of: path)
        do {
            connection = try Connection(path: path, isNew: isNew)
            try Self.configure(connection)
            let version = try Self.migrate(connection, by: Self.migrations)
            guard isNew || version > 0 else { throw LedgerError(.damaged, "it is empty") }
            begin = try Statement(connection, "BEGIN IMMEDIATE")
            commit = try Statement(connection, "COMMIT")
            rollback = try Statement(connection, "ROLLBACK")
            insertions = try Self.statements(connection, \.insertion)
            rescues = try Self.statements(connection, \.rescue)
            deletion = try Statement(connection, "DELETE FROM bans WHERE id = ?")
            existence = try Statement(connection, "SELECT 1 FROM bans WHERE id = ?")
            offenceExistence = try Statement(connection, "SELECT 1 FROM offences WHERE id = ?")
            largest = try connection.integer("SELECT max(id) FROM bans") ?? 0
            state = .blank
            if version == 0 {
                try insert(state.row, into: .state)
            } else {
                state = try Self.readState(connection)
            }
            if let last = lastCommit?.found, LastCommit.Place(state) < last {
                throw LedgerError(.damaged, "it ends before what was written last")
            }
            // A crash may have left the first part of a commit behind the last whole one. Were that written over in
            // part by another crash, what comes of it would look like damage.
            if !isNew { try emptyLog() }
        } catch let error as SQLiteError {
            throw LedgerError(error)
        } catch {
            throw (error as? LedgerError) ?? LedgerError(.inputOutput, "\(error)")
        }
    }

    /// Closes the file now, rather than when nobody holds this any more; it isn't to be used afterwards.
    func close() {
        for statement in [begin, commit, rollback, deletion, existence, offenceExistence] {
            statement.finalize()
        }
        for statement in insertions.values { statement.finalize() }
        for statement in rescues.values { statement.finalize() }
        connection.close()
    }

    private static func configure(_ connection: Connection) throws {
        // Before the log is used: its index then lies in memory, and no other file is mapped.
        try connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        try connection.execute("PRAGMA page_size = \(PageReader.pageSize)")
        guard try connection.text("PRAGMA journal_mode = WAL") == "wal" else {
            throw LedgerError(.inputOutput, "SQLite can't write a log beside it")
        }
        try connection.execute("PRAGMA synchronous = FULL")
        try connection.execute("PRAGMA cache_size = -2048")
        try connection.execute("PRAGMA temp_store = MEMORY")
        try connection.execute("PRAGMA cell_size_check = ON")
        // What is deleted is overwritten, so that nothing that has ended is found when a damaged file is read page
        // by page.
        try connection.execute("PRAGMA secure_delete = ON")
        // Takes the lock.
        try connection.execute("BEGIN IMMEDIATE; COMMIT")
    }

    private static func statements(
        _ connection: Connection, _ sql: (LedgerTable) -> String
    ) throws -> [LedgerTable: Statement] {
        var statements: [LedgerTable: Statement] = [:]
        for table in LedgerTable.all { statements[table] = try Statement(connection, sql(table)) }
        return statements
    }

    private static func readState(_ connection: Connection) throws -> LedgerState {
        let statement = try Statement(connection, LedgerTable.state.selection)
        guard try statement.step() else { throw LedgerError(.damaged, "its state is missing") }
        guard let row = Row(stored: statement.values(), of: .state), let state = LedgerState(row) else {
            throw LedgerError(.damaged, "its state isn't what was written")
        }
        return state
    }

    /// What the last write left behind; nil where there was none.
    var mark: Timeline.Mark? { state == .blank ? nil : state.mark }

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
        var strikes: Int64 = 0
        try read(.offences) { row in
            guard let offence = LedgerOffence(row) else { return false }
            strikes += 1
            offences(offence)
            return true
        }
        guard strikes == state.offences else {
            throw LedgerError(.damaged, "it has \(strikes) strikes, and should have \(state.offences)")
        }
    }

    /// Reads the history, latest first, from before a number.
    func events(before number: Int64, limit: Int) throws(LedgerError) -> [(number: Int64, event: LedgerEvent)]
    {
        do {
            let statement = try Statement(
                connection,
                "SELECT * FROM history WHERE number < \(number) ORDER BY number DESC LIMIT \(max(0, limit))")
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
        _ = try commit(mark) { () throws(SQLiteError) in
            for batch in batches { try put(batch) }
            return true
        }
        try trim()
    }

    /// The same for what comes in parts; only where it is wanted in the end. ``trim()`` is left to the caller.
    ///
    /// - Returns: whether it was.
    func write(_ bulk: LedgerBulk, mark: Timeline.Mark) throws(LedgerError) -> Bool {
        try commit(mark) { () throws(SQLiteError) in
            try bulk.forEachPart { (batch) throws(SQLiteError) in try put(batch) }
            return bulk.isWanted()
        }
    }

    /// Empties the log where it has grown long.
    func trim() throws(LedgerError) { try emptyLog(above: Self.mostPagesInLog) }

    /// - Parameter body: returns whether to commit what it has done.
    private func commit(
        _ mark: Timeline.Mark, _ body: () throws(SQLiteError) -> Bool
    ) throws(LedgerError) -> Bool {
        let before = (state, largest)
        do {
            try begin.run([])
            guard try body() else {
                (state, largest) = before
                try rollback.run([])
                return false
            }
            state.mark = mark
            try insert(state.row, into: .state)
            try commit.run([])
        } catch {
            (state, largest) = before
            // SQLite may have done so already. Where neither can, closing the file does it.
            try? rollback.run([])
            throw LedgerError(error)
        }
        lastCommit?.note(state)
        return true
    }

    private func put(_ batch: LedgerBatch) throws(SQLiteError) {
        for ban in batch.bans {
            if try !has(ban.id) { state.bans += 1 }
            try insert(ban.row, into: .bans)
            largest = max(largest, ban.id)
            state.knows(id: ban.id)
        }
        for id in batch.ended {
            try deletion.run([.integer(id)])
            state.bans -= Int64(connection.changes)
        }
        for offence in batch.offences {
            if try !offenceExistence.finds(offence.id) { state.offences += 1 }
            try insert(offence.row, into: .offences)
            state.knows(id: offence.id)
        }
        for event in batch.events {
            try insert(event.row(number: state.number), into: .history)
            state.number += 1
        }
    }

    private func has(_ id: Int64) throws(SQLiteError) -> Bool {
        guard id <= largest else { return false }
        return try existence.finds(id)
    }

    private func insert(_ row: Row, into table: LedgerTable) throws(SQLiteError) {
        try insertions[table]?.run(row.stored)
    }

    /// Forgets strikes whose time has come, and history that is older than wanted or more than there may be.
    ///
    /// - Parameters:
    ///   - mark: now.
    ///   - oldest: milliseconds of the wall clock; history from before goes.
    ///   - most: how many events are kept.
    func sweep(mark: Timeline.Mark, oldest: Int64, most: Int64) throws(LedgerError) {
        _ = try commit(mark) { () throws(SQLiteError) in
            try connection.execute("DELETE FROM offences WHERE forgotten <= \(mark.written)")
            state.offences -= Int64(connection.changes)
            try connection.execute("DELETE FROM history WHERE number < \(state.number - max(0, most))")
            // Numbers follow time, so this looks at no more than it deletes.
            let recent = "SELECT number FROM history WHERE time >= \(oldest) ORDER BY number LIMIT 1"
            let first = try connection.integer(recent) ?? state.number
            try connection.execute("DELETE FROM history WHERE number < \(first)")
            return true
        }
        try trim()
    }

    /// Puts the log's content into the file itself, and empties the log.
    ///
    /// A log that is written over from its beginning, as SQLite would by itself, is left by a crash with the end of
    /// one frame and the beginning of another in the same place: nothing would tell that from damage.
    func checkpoint() throws(LedgerError) {
        do {
            try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        } catch {
            throw LedgerError(error)
        }
    }

    /// The same; but where there is no space, what is in the log is whole, and stays there until there is.
    private func emptyLog() throws(LedgerError) {
        do {
            try checkpoint()
        } catch  where error.code == .full {}
    }

    private func emptyLog(above pages: Int) throws(LedgerError) {
        if connection.pagesInLog >= pages { try emptyLog() }
    }

    /// 4 MiB.
    private static let mostPagesInLog = 1000
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
        (state.bans, state.offences, largest) = (0, 0, 0)
    }

    /// Adds to what ``beginReplacing()`` has begun.
    func replace(with batch: LedgerBatch) throws(LedgerError) {
        do {
            try put(batch)
        } catch {
            throw LedgerError(error)
        }
    }

    /// Adds what was to be written before.
    func put(_ missed: MissedEvents) throws(LedgerError) {
        do {
            for (index, event) in missed.events.enumerated() {
                try insert(event.row(number: missed.number + Int64(index)), into: .history)
            }
        } catch {
            throw LedgerError(error)
        }
        state.number = max(state.number, missed.number + Int64(missed.events.count))
    }

    /// Puts a row in that was read elsewhere, unless a later state of it is there.
    func rescue(_ row: Row, into table: LedgerTable) throws(LedgerError) {
        do {
            try rescues[table]?.run(row.stored)
        } catch {
            throw LedgerError(error)
        }
        if table == .history {
            state.number = max(state.number, row.key &+ 1)
        } else {
            state.knows(id: row.key)
        }
        if table == .bans { largest = max(largest, row.key) }
    }

    /// A ban has had this id that isn't there any more.
    func knows(id: Int64) { state.knows(id: id) }

    /// Makes what was begun last.
    ///
    /// - Parameters:
    ///   - next: the least id that no ban has had, as far as the caller knows.
    ///   - number: the same of events.
    func finishReplacing(mark: Timeline.Mark, next: Int64, number: Int64 = 1) throws(LedgerError) {
        state.mark = mark
        state.next = max(state.next, next)
        state.number = max(state.number, number)
        do {
            state.bans = try connection.integer("SELECT count(*) FROM bans") ?? 0
            state.offences = try connection.integer("SELECT count(*) FROM offences") ?? 0
            try insert(state.row, into: .state)
            try commit.run([])
        } catch {
            throw LedgerError(error)
        }
        lastCommit?.note(state)
        try emptyLog(above: Self.mostPagesInLog)
    }
}

extension LedgerState {
    /// A ban has had this id.
    mutating func knows(id: Int64) {
        next = max(next, id == .max ? id : id + 1)
    }
}
