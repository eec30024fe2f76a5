// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Ledger

/// The files of a ledger that were written, to be damaged, and what must be found in them then.
public struct Specimen: Sendable {
    public enum File: String, Sendable, CaseIterable {
        case main = "ledger-1.sqlite", log = "ledger-1.sqlite-wal"
    }

    public enum Harm: Hashable, Sendable, CustomStringConvertible {
        case flip(File, offset: Int, bit: Int)
        case cut(File, size: Int)

        public var description: String {
            switch self {
            case .flip(let file, let offset, let bit):
                "\(file.rawValue) with bit \(bit) of byte \(offset) turned"
            case .cut(let file, let size): "\(file.rawValue) cut to \(size) bytes"
            }
        }
    }

    public private(set) var main: [UInt8] = []
    public private(set) var log: [UInt8] = []
    /// How far the ledger had come.
    private var last: [UInt8] = []
    public private(set) var chronicle: Chronicle
    /// What was there when the log was begun, and after each commit in it.
    public private(set) var snapshots: [Chronicle.State]
    private let clock: ManualClock

    /// - Parameters:
    ///   - inFile: how many batches are in the file itself.
    ///   - inLog: how many are in the log only.
    public init(seed: UInt64, batches inFile: Int, inLog: Int, size: Int = 8) throws {
        let scratch = Scratch()
        clock = ManualClock()
        chronicle = Chronicle(seed: seed, clock: clock)
        let (first, _, _) = try Ledger.open(scratch, clock.clock())
        for _ in 0..<inFile { try Self.need(first.write(chronicle.batch(size))) }
        first.close()
        snapshots = [chronicle.state]
        if inLog > 0 { try write(inLog, size, in: scratch) }
        if inLog == 0 {
            (main, last) = (scratch.read(File.main.rawValue) ?? [], scratch.read(Self.lastName) ?? [])
        }
    }

    private static let lastName = "ledger-1.sqlite.last"

    /// Writes what stays in the log, for closing would put it into the file.
    private mutating func write(_ batches: Int, _ size: Int, in scratch: Scratch) throws {
        let (ledger, _, _) = try Ledger.open(scratch, clock.clock())
        defer { ledger.close() }
        // Opening is a commit of its own; this waits for it.
        _ = try ledger.events(limit: 0)
        snapshots.append(chronicle.state)
        for _ in 0..<batches {
            try Self.need(ledger.write(chronicle.batch(size)))
            snapshots.append(chronicle.state)
        }
        (main, log) = (scratch.read(File.main.rawValue) ?? [], scratch.read(File.log.rawValue) ?? [])
        last = scratch.read(Self.lastName) ?? []
    }

    struct NotWritten: Error {}

    private static func need(_ isWritten: Bool) throws { if !isWritten { throw NotWritten() } }

    public func size(of file: File) -> Int { file == .main ? main.count : log.count }

    /// The rows that lie in one page at most: each has some 50 bytes or more.
    public static let rowsInPage = 80

    /// What came of one harm.
    public struct Outcome: Sendable {
        public var isSalvaged = false
        /// Bans that are missing, that are in an earlier state, and that have ended and are there again.
        public var lost = 0
        public var older = 0
        public var revived = 0
        /// What shouldn't be.
        public var faults: [String] = []
    }

    /// Opens what is left after a harm, twice, and judges it.
    ///
    /// - Parameter scratch: an empty directory, left empty.
    public func outcome(of harm: Harm, in scratch: Scratch) -> Outcome {
        place(harm, in: scratch)
        defer { scratch.clear() }
        var outcome = Outcome()
        let found: Told
        let opening: LedgerOpening
        do {
            let ledger: Ledger
            (ledger, found, opening) = try Ledger.open(scratch, clock.clock())
            ledger.close()
        } catch {
            outcome.faults.append("it doesn't open: \(error)")
            return outcome
        }
        judge(found, opening, harm, &outcome)
        if case .salvaged(let damage) = opening {
            let names = scratch.names.map { "\(scratch.path)/\($0)" }
            if !names.contains(damage.file), !names.contains(damage.file + "-wal") {
                outcome.faults.append("what was damaged isn't kept")
            }
        }
        do {
            let (again, same, second) = try Ledger.open(scratch, clock.clock())
            again.close()
            if second != .whole { outcome.faults.append("opened again it is \(second)") }
            if same.bans != found.bans || same.offences != found.offences {
                outcome.faults.append("opened again it tells something else")
            }
        } catch {
            outcome.faults.append("it doesn't open again: \(error)")
        }
        return outcome
    }

    private func place(_ harm: Harm, in scratch: Scratch) {
        for file in File.allCases {
            var bytes = file == .main ? main : log
            switch harm {
            case .flip(file, let offset, let bit): bytes[offset] ^= 1 << UInt8(bit)
            case .cut(file, let size): bytes.removeLast(bytes.count - size)
            default: break
            }
            if file == .main || !bytes.isEmpty { scratch.write(bytes, to: file.rawValue) }
        }
        scratch.write(last, to: Self.lastName)
    }

    private func judge(_ found: Told, _ opening: LedgerOpening, _ harm: Harm, _ outcome: inout Outcome) {
        if found.hasTwice { outcome.faults.append("something is told twice") }
        for (id, ban) in found.bans where chronicle.bansEver[id]?.contains(ban) != true {
            outcome.faults.append("ban \(id) never was as it is told")
        }
        for (id, offence) in found.offences where chronicle.offencesEver[id]?.contains(offence) != true {
            outcome.faults.append("strike \(id) never was as it is told")
        }
        if let timeline = found.timeline {
            let now = timeline.time(clock.monotonic)
            for ban in found.bans.values where ban.since > now {
                outcome.faults.append("ban \(ban.id) lasts longer than was granted")
            }
        }
        let final = expected(after: harm)
        if found.nextID < final.next {
            outcome.faults.append("ids from \(found.nextID) on would be used twice")
        }
        for (id, ban) in final.bans where found.bans[id] != ban {
            if found.bans[id] == nil { outcome.lost += 1 } else { outcome.older += 1 }
        }
        for id in found.bans.keys where final.bans[id] == nil { outcome.revived += 1 }
        switch opening {
        case .created: outcome.faults.append("it begins anew")
        case .whole:
            if case .cut(.log, let size) = harm, size < (commits.last ?? 0) {
                outcome.faults.append("commits are missing, and it says nothing")
            }
            if found.bans != final.bans || found.offences != final.offences {
                outcome.faults.append(
                    "\(outcome.lost) lost, \(outcome.older) older, \(outcome.revived) revived, and it says nothing"
                )
            }
        case .salvaged: outcome.isSalvaged = true
        }
        if outcome.lost + outcome.older > bound(harm) {
            outcome.faults.append(
                "\(outcome.lost) lost and \(outcome.older) older are more than \(bound(harm))")
        }
    }

    /// How many bans a harm may cost: the rows of the page that it hit, or those of the pages that were cut off.
    private func bound(_ harm: Harm) -> Int {
        switch harm {
        case .flip: Self.rowsInPage
        case .cut(.main, let size): ((main.count - size) / 4096 + 1) * Self.rowsInPage
        case .cut(.log, _): 0
        }
    }

    /// A log that was cut is that of an earlier commit.
    private func expected(after harm: Harm) -> Chronicle.State {
        guard case .cut(.log, let size) = harm else { return chronicle.state }
        return snapshots[commits.prefix { $0 <= size }.count]
    }

    /// Where each commit in the log ends.
    private var commits: [Int] {
        let frameSize = 24 + 4096
        let frames = Array(stride(from: 32, to: log.count, by: frameSize))
        return frames.filter { frame in log[(frame + 4)..<(frame + 8)] != [0, 0, 0, 0] }.map {
            $0 + frameSize
        }
    }
}
