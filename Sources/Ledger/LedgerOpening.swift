// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Who is told what a ledger holds when it is opened.
public protocol LedgerReader {
    /// Everything begins anew: what was told before doesn't hold.
    ///
    /// - Parameter nextID: the least id that no ban has had.
    mutating func begin(_ timeline: Timeline, nextID: Int64)
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
            let file = try LedgerFile(path: file(1))
            let timeline = clock.timeline(after: nil)
            reader.begin(timeline, nextID: 1)
            tidy(keeping: 1)
            return (file, 1, timeline, .created)
        }
        let fault: String
        do throws(LedgerError) {
            if let log = StoredFile(path: file(generation) + "-wal"), LogReader(log).isDamaged {
                throw LedgerError(.damaged, "its log isn't what was written")
            }
            let (file, timeline) = try load(generation, clock, &reader)
            tidy(keeping: generation)
            return (file, generation, timeline, .whole)
        } catch {
            guard error.code == .damaged else { throw error }
            fault = error.description
        }
        let salvage = try rescue(generation)
        let (file, timeline) = try load(generation + 1, clock, &reader)
        let damage = LedgerOpening.Damage(
            fault: fault, file: setAside(generation), bans: salvage.bans,
            expectedBans: salvage.state.map { Int($0.bans) }, offences: salvage.offences,
            events: salvage.events)
        tidy(keeping: generation + 1)
        return (file, generation + 1, timeline, .salvaged(damage))
    }

    private func load(
        _ generation: Int, _ clock: LedgerClock, _ reader: inout some LedgerReader
    ) throws(LedgerError) -> (LedgerFile, Timeline) {
        let file = try LedgerFile(path: file(generation))
        let timeline = clock.timeline(after: file.mark)
        reader.begin(timeline, nextID: file.state.next)
        // Closures can't hold what is passed inout, so it goes in and out of a variable that they can.
        var copy = reader
        defer { reader = copy }
        try file.load(bans: { copy.read($0) }, offences: { copy.read($0) })
        return (file, timeline)
    }

    /// Writes what is whole of a generation as the next.
    private func rescue(_ generation: Int) throws(LedgerError) -> Salvage {
        removeDraft(generation + 1)
        let salvage: Salvage
        do {
            let target = try LedgerFile(path: draft(generation + 1))
            salvage = try Salvage(file: file(generation), into: target)
            try target.checkpoint()
        }
        try publish(generation + 1)
        return salvage
    }
}
