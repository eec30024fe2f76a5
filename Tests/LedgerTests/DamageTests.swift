// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Ledger
import LedgerSupport
import TestRandom
import Testing

/// Places that are drawn by lot; `Tests/torture/ledger` takes every one.
@Suite struct DamageTests {
    private func expectGood(_ harms: [Specimen.Harm], of specimen: Specimen) -> Int {
        let scratch = Scratch()
        var salvaged = 0
        for harm in harms {
            let outcome = specimen.outcome(of: harm, in: scratch)
            #expect(outcome.faults.isEmpty, "\(harm): \(outcome.faults.joined(separator: "; "))")
            if outcome.isSalvaged { salvaged += 1 }
        }
        return salvaged
    }

    @Test(arguments: Specimen.File.allCases)
    func `A bit that turns over costs a page at most, and never goes unsaid`(file: Specimen.File) throws {
        let specimen = try Specimen(seed: 1, batches: 40, inLog: file == .log ? 20 : 0)
        #expect(specimen.chronicle.state.bans.count > 120)
        var random = Seeded(9)
        let harms = (0..<60).map { _ in
            Specimen.Harm.flip(
                file, offset: Int.random(in: 0..<specimen.size(of: file), using: &random),
                bit: Int.random(in: 0..<8, using: &random))
        }
        #expect(expectGood(harms, of: specimen) > 10)
    }

    @Test(arguments: Specimen.File.allCases)
    func `What begins a file may be damaged as well`(file: Specimen.File) throws {
        let specimen = try Specimen(seed: 3, batches: 6, inLog: 3)
        let harms = (0..<(file == .main ? 108 : 32 + 24)).flatMap { offset in
            [offset % 8, (offset + 3) % 8].map { Specimen.Harm.flip(file, offset: offset, bit: $0) }
        }
        #expect(expectGood(harms, of: specimen) > 80)
    }

    @Test func `Pages of the file that are in the log as well may be damaged`() throws {
        let specimen = try Specimen(seed: 6, batches: 20, inLog: 20)
        var random = Seeded(7)
        let harms = (0..<60).map { _ in
            Specimen.Harm.flip(
                .main, offset: Int.random(in: 4096..<specimen.size(of: .main), using: &random), bit: 3)
        }
        #expect(expectGood(harms, of: specimen) < 60)
    }

    @Test(arguments: Specimen.File.allCases)
    func `A file that was cut gives what is left of it`(file: Specimen.File) throws {
        let specimen = try Specimen(seed: 4, batches: 40, inLog: file == .log ? 20 : 0)
        var random = Seeded(5)
        let size = specimen.size(of: file)
        let places = [0, 1, 31, 32, 56, 99, 100, 4095, 4096, 4152, size - 4096, size - 1]
        let harms = (places + (0..<60).map { _ in Int.random(in: 0..<size, using: &random) }).map {
            Specimen.Harm.cut(file, size: $0)
        }
        #expect(expectGood(harms, of: specimen) == harms.count)
    }

    @Test func `What a crash left of a commit isn't there any more when the next is written`() throws {
        let specimen = try Specimen(seed: 7, batches: 2, inLog: 6)
        let (scratch, clock) = (Scratch(), ManualClock())
        // The last frame's beginning, which says that it ends a commit, and not all of its page.
        let log = specimen.log.dropLast(2000)
        scratch.write(specimen.main, to: "ledger-1.sqlite")
        scratch.write(Array(log), to: "ledger-1.sqlite-wal")
        let (ledger, found, opening) = try Ledger.open(scratch, clock.clock())
        defer { ledger.close() }
        #expect(opening == .whole)
        #expect(found.bans == specimen.snapshots[specimen.snapshots.count - 2].bans)
        // The commit that says when it was opened.
        _ = try ledger.events(limit: 0)
        let size = try #require(scratch.read("ledger-1.sqlite-wal")).count
        #expect(size > 0 && size < log.count / 2)
    }

    /// What `ledger-1.sqlite.last` is for, and what it isn't needed for.
    @Test func `A ledger that is older than what was written last is said to be`() throws {
        let (scratch, clock) = (Scratch(), ManualClock())
        var chronicle = Chronicle(seed: 6, clock: clock)
        let names = ["ledger-1.sqlite", "ledger-1.sqlite.last"]
        func write() throws {
            let (ledger, _, opening) = try Ledger.open(scratch, clock.clock())
            #expect(opening == .whole || opening == .created)
            #expect(ledger.write(chronicle.batch(8)))
            ledger.close()
        }
        func opening(_ files: [[UInt8]?]) throws -> LedgerOpening {
            scratch.clear()
            for (name, file) in zip(names, files) where file != nil { scratch.write(file ?? [], to: name) }
            let (ledger, _, opening) = try Ledger.open(scratch, clock.clock())
            ledger.close()
            return opening
        }
        try write()
        let old = names.map { scratch.read($0) }
        try write()
        let new = names.map { scratch.read($0) }
        #expect(new[1]?.count == 24 && new[1] != old[1])

        #expect(try opening(new) == .whole)
        guard case .salvaged(let damage) = try opening([old[0], new[1]]) else {
            Issue.record("nothing is said")
            return
        }
        #expect(damage.fault.contains("ends before what was written last"))
        // It lags after a kill, may have been lost, and may be damaged itself.
        for last in [old[1], nil, [], new[1].map { [$0[0] ^ 1] + $0[1...] }] {
            #expect(try opening([new[0], last]) == .whole)
        }
    }
}
