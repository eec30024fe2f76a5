// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import LedgerSupport
import Synchronization
import Testing

@testable import Ledger

/// What is written as one commit although it comes in parts.
@Suite struct BulkTests {
    private let scratch = Scratch()
    private let clock = ManualClock()

    private func ban(_ id: Int64) -> LedgerBan {
        LedgerBan(
            id: id, check: "accept", address: "10.\(id >> 16 & 255).\(id >> 8 & 255).\(id & 255)",
            since: clock.monotonic, granted: 600_000, created: clock.wall, reason: "list", caller: "user:root"
        )
    }

    private func batch(_ ids: some Sequence<Int64>) -> LedgerBatch {
        var batch = LedgerBatch()
        batch.bans = ids.map(ban)
        return batch
    }

    /// Parts of a hundred bans each, from an id on.
    private func bulk(_ parts: Int, from first: Int64, isWanted: Bool) -> LedgerBulk {
        LedgerBulk(
            part: { number in
                let start = first + Int64(number) * 100
                return number < parts ? self.batch(start..<start + 100) : nil
            }, isWanted: { isWanted })
    }

    private func reopened() throws -> Told {
        let (ledger, told, opening) = try Ledger.open(scratch, clock.clock())
        #expect(opening == .whole)
        ledger.close()
        return told
    }

    @Test(arguments: [0, 1, 3, 200])
    func `All of it is there when it is opened again`(parts: Int) throws {
        let (ledger, _, _) = try Ledger.open(scratch, clock.clock())
        #expect(ledger.write(batch([1])))
        #expect(ledger.write(bulk(parts, from: 100, isWanted: true)))
        #expect(ledger.write(batch([2])))
        ledger.close()
        let ids = Set(try reopened().bans.keys)
        #expect(ids == Set([1, 2] + (100..<100 + Int64(parts) * 100)))
    }

    @Test(arguments: [0, 1, 3, 200])
    func `Nothing of it is there where it isn't wanted in the end, and what comes behind it is`(parts: Int)
        throws
    {
        let (ledger, _, _) = try Ledger.open(scratch, clock.clock())
        #expect(ledger.write(batch([1])))
        #expect(!ledger.write(bulk(parts, from: 100, isWanted: false)))
        // The same ids once more: the ledger knows of none of them.
        #expect(ledger.write(batch([2, 100])))
        ledger.close()
        #expect(try reopened().bans.keys.sorted() == [1, 2, 100])
    }

    @Test func `It is decided when all is written, and waited for`() throws {
        let (ledger, _, _) = try Ledger.open(scratch, clock.clock())
        let written = Mutex(0)
        let decision = Answer<Bool>()
        let asked = Answer<Int>()
        let bulk = LedgerBulk(
            part: { number in
                guard number < 5 else { return nil }
                written.withLock { $0 += 1 }
                return self.batch([Int64(number) + 1])
            },
            isWanted: {
                asked.give(written.withLock { $0 })
                return decision.wait()
            })
        let answer = Answer<Bool>()
        ledger.write(bulk) { answer.give($0) }
        #expect(asked.wait() == 5)
        decision.give(true)
        #expect(answer.wait())
        ledger.close()
        #expect(try reopened().bans.count == 5)
    }

    @Test func `It stands where the ledger had to be made anew since`() throws {
        let (ledger, _, _) = try Ledger.open(scratch, clock.clock())
        #expect(ledger.write(bulk(2, from: 1, isWanted: true)))
        // Renewed and ended like any other.
        var next = batch([5])
        next.bans[0].granted = 1
        next.ended = [6]
        #expect(ledger.write(next))
        ledger.close()
        let told = try reopened()
        #expect(told.bans.count == 199)
        #expect(told.bans[5]?.granted == 1)
        #expect(told.bans[6] == nil)
    }
}
