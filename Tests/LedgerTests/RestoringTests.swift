// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Glibc
import LedgerSupport
import Synchronization
import Testing

@testable import Ledger

/// A ledger that has failed, because something in its history was damaged that nobody looks at before it is asked for.
/// What disks and file systems do is in `Tests/torture/ledger`.
@Suite struct RestoringTests {
    private let scratch = Scratch()
    private let clock = ManualClock()
    private let conditions = Conditions()

    private final class Conditions: Sendable {
        let all = Mutex<[Ledger.Condition]>([])
    }

    private func failed(_ chronicle: inout Chronicle) throws -> Ledger {
        let (first, _, _) = try Ledger.open(scratch, clock.clock())
        for _ in 0..<10 { #expect(first.write(chronicle.batch(6))) }
        first.close()
        let connection = try Connection(path: "\(scratch.path)/ledger-1.sqlite", isNew: false)
        try connection.execute("UPDATE history SET reason = 'another' WHERE number = 3")
        try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        let (ledger, told, opening) = try Ledger.open(scratch, clock.clock()) { [conditions] condition in
            conditions.all.withLock { $0.append(condition) }
        }
        #expect(opening == .whole && told.bans == chronicle.state.bans)
        let error = #expect(throws: LedgerError.self) { try ledger.events() }
        #expect(error?.code == .damaged)
        return ledger
    }

    @Test func `It is written anew into another file, with the history that is whole`() throws {
        var chronicle = Chronicle(seed: 1, clock: clock)
        let ledger = try failed(&chronicle)
        #expect(!ledger.write(chronicle.batch(3)))
        let state = chronicle.state
        #expect(ledger.restore(Array(state.bans.values), Array(state.offences.values), next: state.next))
        #expect(ledger.write(chronicle.batch(3)))
        // Also what happened while it couldn't be written.
        let numbers = try ledger.events().map(\.number)
        #expect(numbers == (1...Int64(chronicle.state.events)).filter { $0 != 3 })
        ledger.close()
        #expect(scratch.names.filter { $0.hasSuffix(".sqlite") } == ["ledger-2.sqlite"])
        #expect(scratch.names.contains("ledger-1.sqlite.damaged"))
        let (again, told, opening) = try Ledger.open(scratch, clock.clock())
        again.close()
        #expect(
            opening == .whole && told.bans == chronicle.state.bans
                && told.offences == chronicle.state.offences)
        #expect(conditions.all.withLock { $0 }.map { $0 == .healthy } == [false, true])
    }

    @Test func `What is written while it is restored takes part, in the order of calls`() throws {
        var chronicle = Chronicle(seed: 2, clock: clock)
        let ledger = try failed(&chronicle)
        let state = chronicle.state
        let lifted = try #require(state.bans.keys.min())
        var all = LedgerBatch()
        (all.bans, all.offences) = (Array(state.bans.values), Array(state.offences.values))
        var end = LedgerBatch()
        end.ended = [lifted]
        let isDurable = Mutex<[Bool]>([])
        // All at once, so that they wait together: none may overtake another.
        ledger.beginRestoring { began in isDurable.withLock { $0.append(began) } }
        ledger.write(LedgerBatch()) { durable in isDurable.withLock { $0.append(durable) } }
        ledger.restore(all) { restored in isDurable.withLock { $0.append(restored) } }
        ledger.write(end) { durable in isDurable.withLock { $0.append(durable) } }
        ledger.finishRestoring(next: state.next) { finished in isDurable.withLock { $0.append(finished) } }
        ledger.close()
        #expect(isDurable.withLock { $0 } == [true, false, true, false, true])
        let (again, told, opening) = try Ledger.open(scratch, clock.clock())
        again.close()
        #expect(opening == .whole && told.bans[lifted] == nil && told.bans.count == state.bans.count - 1)
    }

    @Test func `One that can't be written anew keeps what it has, and no descriptor is lost`() throws {
        var chronicle = Chronicle(seed: 3, clock: clock)
        let ledger = try failed(&chronicle)
        let state = chronicle.state
        // A directory stands where the next file is to be.
        #expect(mkdir("\(scratch.path)/ledger-2.sqlite.new", 0o700) == 0)
        let before = descriptors()
        for _ in 0..<20 {
            #expect(!ledger.restore(Array(state.bans.values), [], next: state.next))
            #expect(!ledger.write(LedgerBatch()))
        }
        #expect(descriptors() <= before)
        #expect(rmdir("\(scratch.path)/ledger-2.sqlite.new") == 0)
        #expect(ledger.restore(Array(state.bans.values), Array(state.offences.values), next: state.next))
        ledger.close()
        let (again, told, _) = try Ledger.open(scratch, clock.clock())
        again.close()
        #expect(told.bans == state.bans)
    }

    /// How many descriptors lead into the ledger's directory.
    private func descriptors() -> Int {
        (0..<1024).filter { descriptor in
            var target = [UInt8](repeating: 0, count: 4096)
            let count = target.withUnsafeMutableBytes { bytes in
                readlink(
                    "/proc/self/fd/\(descriptor)", bytes.bindMemory(to: CChar.self).baseAddress!, bytes.count)
            }
            return count > 0 && String(decoding: target.prefix(count), as: UTF8.self).hasPrefix(scratch.path)
        }.count
    }

    @Test func `Of what happened while nothing could be written the latest is kept, up to a number`() {
        var missed = MissedEvents()
        missed.begin(at: 100)
        var batch = LedgerBatch()
        for id in 0..<Int64(MissedEvents.most * 3) {
            let ban = LedgerBan(
                id: id, check: "dial", address: "a", since: 0, granted: 1, reason: "", caller: "")
            batch.events = [LedgerEvent(time: 0, kind: "banned", ban: ban)]
            missed.append([batch])
            #expect(missed.events.count <= MissedEvents.most)
        }
        #expect(missed.events.count > MissedEvents.most / 2)
        #expect(missed.events.last?.ban.id == Int64(MissedEvents.most * 3 - 1))
        #expect(missed.events.first?.ban.id == missed.number - 100)
    }

    @Test func `A step that is asked for out of turn is refused`() throws {
        let (ledger, _, _) = try Ledger.open(scratch, clock.clock())
        #expect(!ledger.restore([], [], next: 1))
        let answers = Mutex<[Bool]>([])
        ledger.restore(LedgerBatch()) { done in answers.withLock { $0.append(done) } }
        ledger.finishRestoring(next: 1) { done in answers.withLock { $0.append(done) } }
        #expect(ledger.write(LedgerBatch()))
        #expect(answers.withLock { $0 } == [false, false])
        ledger.close()
    }
}
