// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Who is told what a ledger holds when it is opened.
public protocol LedgerReader {
    /// Everything begins anew: what was told before doesn't hold.
    ///
    /// - Parameters:
    ///   - nextID: the least id that no ban has had.
    ///   - expected: how many bans and offences there should be.
    mutating func begin(_ timeline: Timeline, nextID: Int64, expected: Int)
    mutating func read(_ ban: LedgerBan)
    mutating func read(_ offence: LedgerOffence)
}

/// How a ledger was found.
public enum LedgerOpening: Hashable, Sendable {
    /// There was none.
    case created
    /// As it was left.
    case whole
    /// Damaged: what could be read is kept in a new one.
    case salvaged(Damage)

    public struct Damage: Hashable, Sendable {
        /// What was wrong.
        public var fault: String
        /// Where the damaged file is now.
        public var file: String
        public var bans: Int
        /// How many bans there should have been; nil where that was lost as well.
        public var expectedBans: Int?
        public var offences: Int
        public var events: Int
    }
}

/// The clocks that a ledger goes by, in milliseconds.
public struct LedgerClock: Sendable {
    /// The kernel's boot id; empty where it isn't known.
    public var boot: String
    public var monotonic: @Sendable () -> Int64
    public var wall: @Sendable () -> Int64

    public init(
        boot: String, monotonic: @escaping @Sendable () -> Int64, wall: @escaping @Sendable () -> Int64
    ) {
        (self.boot, self.monotonic, self.wall) = (boot, monotonic, wall)
    }

    func timeline(after mark: Timeline.Mark?) -> Timeline {
        Timeline(after: mark, boot: boot, monotonic: monotonic(), wall: wall())
    }
}

extension LedgerDirectory {
    /// Opens the latest ledger and tells what it holds; makes one where there is none. One that is damaged is set
    /// aside, and what is whole in it goes into a new one.
    func open(
        clock: LedgerClock, _ reader: inout some LedgerReader
    ) throws(LedgerError) -> (file: LedgerFile, generation: Int, timeline: Timeline, LedgerOpening) {
        guard let generation = try generations().last else {
            let first = (try damagedGenerations().last ?? 0) + 1
            try make(first) { _ throws(LedgerError) in }
            let (file, timeline) = try load(first, clock, &reader)
            tidy(keeping: first)
            return (file, first, timeline, .created)
        }
        let fault: String
        do throws(LedgerError) {
            try check(generation)
            let (file, timeline) = try load(generation, clock, &reader)
            tidy(keeping: generation)
            return (file, generation, timeline, .whole)
        } catch {
            guard error.code == .damaged else { throw error }
            fault = error.description
        }
        var found: Salvage?
        let kept = setAside(generation)
        try make(generation + 1) { target throws(LedgerError) in
            found = try Salvage(file: self.file(generation), into: target)
        }
        let (file, timeline) = try load(generation + 1, clock, &reader)
        retire(generation)
        tidy(keeping: generation + 1)
        let damage = LedgerOpening.Damage(
            fault: fault, file: kept, bans: found?.bans ?? 0,
            expectedBans: found?.state.map { Int($0.bans) }, offences: found?.offences ?? 0,
            events: found?.events ?? 0)
        return (file, generation + 1, timeline, .salvaged(damage))
    }

    /// Looks for what SQLite passes over in silence. Nobody has the file open yet: closing it here would end the locks
    /// of a connection.
    private func check(_ generation: Int) throws(LedgerError) {
        guard let stored = StoredFile(path: file(generation)) else {
            // Where only its log is left, the file is missing; otherwise SQLite says what keeps it from being opened.
            if isMissing(generation) { throw LedgerError(.damaged, "it is missing, and its log is there") }
            return
        }
        guard FileHeader.isWhole(stored) else {
            throw LedgerError(.damaged, "its beginning isn't what was written")
        }
        let log = StoredFile(path: self.file(generation) + "-wal")
        if let log, LogReader(log).isDamaged {
            throw LedgerError(.damaged, "its log isn't what was written")
        }
        // A crash leaves the part of a page only where the log has all of it.
        guard stored.size % PageReader.pageSize == 0 || (log?.size ?? 0) > 0 else {
            throw LedgerError(.damaged, "it ends within a page")
        }
    }

    private func load(
        _ generation: Int, _ clock: LedgerClock, _ reader: inout some LedgerReader
    ) throws(LedgerError) -> (LedgerFile, Timeline) {
        let file = try LedgerFile(path: file(generation))
        let timeline = clock.timeline(after: file.mark)
        reader.begin(
            timeline, nextID: file.state.next,
            expected: Int(clamping: max(0, file.state.bans)) + Int(clamping: max(0, file.state.offences)))
        // Closures can't hold what is passed inout, so it goes in and out of a variable that they can.
        var copy = reader
        defer { reader = copy }
        try file.load(bans: { copy.read($0) }, offences: { copy.read($0) })
        return (file, timeline)
    }

    /// Makes a generation of what `body` puts into it. Until all of it is there it has another name.
    private func make(_ generation: Int, _ body: (LedgerFile) throws(LedgerError) -> Void) throws(LedgerError)
    {
        removeDraft(generation)
        try draw(draft(generation), body)
        try publish(generation)
    }

    /// Closed when this returns: a file mustn't be given another name while SQLite has it open.
    private func draw(_ path: String, _ body: (LedgerFile) throws(LedgerError) -> Void) throws(LedgerError) {
        let target = try LedgerFile(path: path, isNew: true)
        try body(target)
        try target.checkpoint()
    }
}
