// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import LedgerSupport
import Testing

@testable import Ledger

@Suite struct SalvageTests {
    private let scratch = Scratch()
    private var path: String { "\(scratch.path)/old" }

    private func ban(_ id: Int64, since: Int64) -> LedgerBan {
        LedgerBan(
            id: id, check: "accept", address: "192.0.2.1", since: since, granted: 500,
            until: 1_000_000 + since + 500, created: 1_000_000, reason: "", caller: "")
    }

    private func bans(_ file: LedgerFile) throws -> [LedgerBan] {
        var bans: [LedgerBan] = []
        try file.load(bans: { bans.append($0) }, offences: { _ in })
        return bans
    }

    @Test(arguments: [[100, 200], [200, 100]] as [[Int64]])
    func `Of two states of a ban the later counts, whichever is found first`(times: [Int64]) throws {
        let file = try LedgerFile(path: path, isNew: true)
        try file.beginReplacing()
        for time in times { try file.rescue(ban(1, since: time).row, into: .bans) }
        for last in times {
            let offence = LedgerOffence(
                id: 2, check: "dial", address: "a", strikes: 1, last: last, forgotten: 900)
            try file.rescue(offence.row, into: .offences)
        }
        try file.finishReplacing(mark: .init(boot: "", shift: 0, written: 0, wall: 0), next: 1)
        #expect(try bans(file) == [ban(1, since: 200)])
        #expect(file.state.next == 3 && file.state.bans == 1 && file.state.offences == 1)
    }

    private func salvaged(_ bans: [LedgerBan], mark: Timeline.Mark, hasState: Bool) throws -> LedgerFile {
        let old = try LedgerFile(path: path, isNew: true)
        var batch = LedgerBatch()
        batch.bans = bans
        batch.events = [LedgerEvent(time: 1_000_900, kind: "banned", ban: ban(70, since: 900))]
        try old.write([batch], mark: mark)
        old.close()
        if !hasState {
            let connection = try Connection(path: path, isNew: false)
            try connection.execute("DELETE FROM state")
            connection.close()
        }
        let new = try LedgerFile(path: "\(scratch.path)/new", isNew: true)
        _ = try Salvage(file: path, into: new)
        return new
    }

    @Test func `Time goes on behind the latest ban, were the state that was found an earlier one`() throws {
        let mark = Timeline.Mark(boot: "a", shift: 3, written: 600, wall: 1_000_600)
        let file = try salvaged([ban(1, since: 100), ban(2, since: 800)], mark: mark, hasState: true)
        #expect(file.state.mark == Timeline.Mark(boot: "a", shift: 3, written: 800, wall: 1_000_800))
        #expect(file.state.next == 71 && file.state.number == 2)
    }

    @Test func `Without any state the rows say how late it was, and no id is taken twice`() throws {
        let mark = Timeline.Mark(boot: "a", shift: 3, written: 850, wall: 1_000_850)
        let file = try salvaged([ban(1, since: 100), ban(2, since: 800)], mark: mark, hasState: false)
        #expect(try bans(file).count == 2)
        #expect(file.state.mark == Timeline.Mark(boot: "", shift: 0, written: 800, wall: 1_000_900))
        #expect(file.state.next > 1_000_000 && file.state.number > 1_000_000)
    }

    @Test func `Only where nothing but space was wanting is a file gone on with`() {
        let full = LedgerError(.full, "")
        let broken = LedgerError(.inputOutput, "")
        let damaged = LedgerError(.damaged, "")
        #expect(Worker.graver(full, full) == full)
        #expect(Worker.graver(full, broken) == broken)
        #expect(Worker.graver(broken, full) == broken)
        #expect(Worker.graver(full, damaged) == damaged)
        #expect(Worker.graver(damaged, broken) == damaged)
    }
}
