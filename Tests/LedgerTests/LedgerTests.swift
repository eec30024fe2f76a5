// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Dispatch
import LedgerSupport
import Synchronization
import Testing

@testable import Ledger

@Suite struct LedgerTests {
    private let scratch = Scratch()
    private let clock = ManualClock()

    private func ban(_ id: Int64, _ change: (inout LedgerBan) -> Void = { _ in }) -> LedgerBan {
        var ban = LedgerBan(
            id: id, check: "accept", address: "192.0.2.\(id)", since: clock.monotonic, granted: 600_000,
            until: clock.wall + 600_000, created: clock.wall, reason: "rate-limit", caller: "user:seed")
        change(&ban)
        return ban
    }

    private func batch(_ bans: LedgerBan..., ended: [Int64] = [], offences: [LedgerOffence] = [])
        -> LedgerBatch
    {
        var batch = LedgerBatch()
        (batch.bans, batch.ended, batch.offences) = (bans, ended, offences)
        batch.events = bans.map { LedgerEvent(time: clock.wall, kind: "banned", ban: $0) }
        return batch
    }

    private func reopened(boot: String = "boot") throws -> (told: Told, opening: LedgerOpening) {
        let (ledger, told, opening) = try Ledger.open(scratch, clock.clock(boot: boot))
        ledger.close()
        return (told, opening)
    }

    // MARK: Round trips

    @Test func `What was written is told when it is opened again`() throws {
        let (ledger, nothing, opening) = try Ledger.open(scratch, clock.clock())
        #expect(opening == .created && nothing.bans.isEmpty)
        let bans = [
            ban(1),
            ban(2) { ($0.granted, $0.until, $0.isOperators) = (nil, nil, true) },
            ban(3) {
                ($0.reason, $0.detail, $0.peer, $0.subject) = ("", "", "12D3KooWø", "naïve\0 ’text’; --")
            },
            ban(4) { ($0.since, $0.granted, $0.created, $0.strikes) = (.min, .max, .min, .max) },
            ban(.max - 1) { $0.detail = String(repeating: "😀", count: 800) },
        ]
        for ban in bans { #expect(ledger.write(batch(ban))) }
        let offence = LedgerOffence(
            id: 9, check: "dial", address: "[2001:db8::1]:8776", strikes: 3, last: -1, forgotten: .max)
        #expect(ledger.write(batch(offences: [offence])))
        let told = try ledger.events()
        #expect(told.map(\.number) == [1, 2, 3, 4, 5])
        #expect(told.map(\.event.ban.detail) == bans.map(\.detail))
        ledger.close()
        let again = try reopened()
        #expect(again.opening == .whole)
        #expect(again.told.bans == Dictionary(uniqueKeysWithValues: bans.map { ($0.id, $0) }))
        #expect(again.told.offences == [9: offence])
    }

    @Test func `A random life is found as it was left`() throws {
        var chronicle = Chronicle(seed: 11, clock: clock)
        for _ in 0..<6 {
            let (ledger, told, _) = try Ledger.open(scratch, clock.clock())
            #expect(told.bans == chronicle.state.bans && told.offences == chronicle.state.offences)
            for _ in 0..<20 { #expect(ledger.write(chronicle.batch(Int.random(in: 0...12)))) }
            #expect(try ledger.events().count == chronicle.state.events)
            ledger.close()
        }
        #expect(try reopened().told.bans == chronicle.state.bans)
    }

    @Test func `Batches that come while one is written go together, each told of in its order`() throws {
        let (ledger, _, _) = try Ledger.open(scratch, clock.clock())
        let order = Mutex<[Int64]>([])
        let group = DispatchGroup()
        for id in 1...200 as ClosedRange<Int64> {
            group.enter()
            ledger.write(batch(ban(id))) { isDurable in
                #expect(isDurable)
                order.withLock { $0.append(id) }
                group.leave()
            }
        }
        group.wait()
        #expect(order.withLock { $0 } == Array(1...200))
        ledger.close()
        #expect(try reopened().told.bans.count == 200)
    }

    @Test func `Closing waits for what was asked for`() throws {
        let (ledger, _, _) = try Ledger.open(scratch, clock.clock())
        for id in 1...50 as ClosedRange<Int64> { ledger.write(batch(ban(id))) { #expect($0) } }
        ledger.close()
        #expect(try reopened().told.bans.count == 50)
        #expect(!ledger.write(batch(ban(51))))
        #expect(throws: LedgerError.self) { try ledger.events() }
    }

    // MARK: Changes

    @Test func `A ban that has ended is told no more, and its strike is`() throws {
        let (ledger, _, _) = try Ledger.open(scratch, clock.clock())
        let offence = LedgerOffence(
            id: 1, check: "accept", address: "192.0.2.1", strikes: 1, last: 5,
            forgotten: clock.monotonic + 1000)
        #expect(ledger.write(batch(ban(1), ban(2))))
        #expect(ledger.write(batch(ended: [1, 77], offences: [offence])))
        #expect(ledger.write(batch(ban(2) { $0.strikes = 2 })))
        ledger.close()
        let told = try reopened().told
        #expect(told.bans.keys.sorted() == [2] && told.bans[2]?.strikes == 2)
        #expect(told.offences == [1: offence])
    }

    @Test func `No id is free again when its ban has ended and is forgotten`() throws {
        let (ledger, nothing, _) = try Ledger.open(scratch, clock.clock())
        #expect(nothing.nextID == 1)
        let offence = LedgerOffence(id: 8, check: "dial", address: "a", strikes: 1, last: 0, forgotten: 0)
        #expect(ledger.write(batch(ban(7), ban(3))))
        #expect(ledger.write(batch(ended: [7], offences: [offence])))
        ledger.sweep(oldest: .max, most: 0)
        ledger.close()
        let told = try reopened().told
        #expect(told.nextID == 9 && told.bans.keys.sorted() == [3] && told.offences.isEmpty)
    }

    @Test func `A sweep forgets strikes and history by time and number, and numbers go on`() throws {
        let (ledger, _, _) = try Ledger.open(scratch, clock.clock())
        let start = clock.wall
        let offences = (1...4).map {
            LedgerOffence(
                id: $0, check: "accept", address: "a", strikes: 1, last: 0,
                forgotten: clock.monotonic + $0 * 1000)
        }
        #expect(ledger.write(batch(offences: offences)))
        for id in 1...10 as ClosedRange<Int64> {
            #expect(ledger.write(batch(ban(id))))
            clock.advance(by: 200)
        }
        ledger.sweep(oldest: start + 600, most: 100)
        #expect(try ledger.events().map(\.number) == [4, 5, 6, 7, 8, 9, 10])
        #expect(try ledger.events(before: 9, limit: 3).map(\.number) == [6, 7, 8])
        ledger.sweep(oldest: 0, most: 2)
        #expect(try ledger.events().map(\.number) == [9, 10])
        ledger.sweep(oldest: .max, most: .max)
        #expect(try ledger.events().isEmpty)
        ledger.close()
        let (again, told, opening) = try Ledger.open(scratch, clock.clock())
        #expect(opening == .whole && told.offences.keys.sorted() == [3, 4] && told.bans.count == 10)
        #expect(again.write(batch(ban(11))))
        #expect(try again.events(limit: 5).map(\.number) == [11])
        #expect(try again.events(before: 11, limit: 5).isEmpty)
        again.close()
    }

    @Test func `Of batches that can't be put in whole nothing is put in`() throws {
        let path = "\(scratch.path)/ledger-1.sqlite"
        let mark = Timeline.Mark(boot: "boot", shift: 0, written: 1, wall: 1)
        try LedgerFile(path: path, isNew: true).write([batch(ban(1))], mark: mark)
        try sqlite(
            "CREATE TRIGGER no BEFORE INSERT ON history WHEN new.ban = 3 BEGIN SELECT raise(ABORT, 'no'); END",
            path)
        let file = try LedgerFile(path: path)
        let before = file.state
        #expect(throws: LedgerError.self) { try file.write([batch(ban(2)), batch(ban(3))], mark: mark) }
        #expect(file.state == before)
        file.close()
        let again = try reopened()
        #expect(again.opening == .whole && again.told.bans.keys.sorted() == [1])
    }

    private func sqlite(_ statements: String, _ path: String) throws {
        let connection = try Connection(path: path, isNew: false)
        defer { connection.close() }
        try connection.execute(statements)
        try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    @Test func `The log is emptied into the file when it has grown, and by closing`() throws {
        let (ledger, _, _) = try Ledger.open(scratch, clock.clock())
        var id: Int64 = 0
        var sizes: [Int] = []
        for _ in 0..<12 {
            var large = LedgerBatch()
            for _ in 0..<4000 {
                id += 1
                large.bans.append(ban(id))
            }
            #expect(ledger.write(large))
            sizes.append(scratch.read("ledger-1.sqlite-wal")?.count ?? 0)
        }
        #expect(sizes.contains(0) && sizes.allSatisfy { $0 < 6 << 20 })
        ledger.close()
        #expect(scratch.read("ledger-1.sqlite-wal")?.isEmpty != false)
        #expect(try reopened().told.bans.count == 48_000)
    }

    @Test func `In one boot a wall clock that is set changes no ban, however often it is opened`() throws {
        let (first, _, _) = try Ledger.open(scratch, clock.clock(boot: "one"))
        #expect(first.write(batch(ban(1))))
        let since = clock.monotonic
        first.close()
        // Booted with a clock that is ten years late; then somebody sets it.
        clock.set(monotonic: 50, wall: clock.wall - 315_360_000_000)
        #expect(try reopened(boot: "two").told.timeline?.time(50) == since)
        clock.set(wall: clock.wall + 630_720_000_000)
        #expect(try reopened(boot: "two").told.timeline?.time(50) == since)
        clock.advance(by: 70)
        #expect(try reopened(boot: "two").told.timeline?.time(120) == since + 70)
    }

    // MARK: Who may open what

    @Test func `Who opens it while it is open is told that it is in use, and harms nothing`() throws {
        let (ledger, _, _) = try Ledger.open(scratch, clock.clock())
        #expect(ledger.write(batch(ban(1))))
        let names = scratch.names
        // What another process sees of a log that is being written may look like damage.
        let log = try #require(scratch.read("ledger-1.sqlite-wal"))
        var torn = log
        torn[200] ^= 1
        scratch.write(torn, to: "ledger-1.sqlite-wal")
        for _ in 0..<3 {
            let error = #expect(throws: LedgerError.self) { try Ledger.open(scratch, clock.clock()) }
            #expect(error?.code == .inUse)
        }
        #expect(scratch.names == names)
        scratch.write(log, to: "ledger-1.sqlite-wal")
        // Nor does who doesn't know of the directory's lock get at the file.
        let error = #expect(throws: SQLiteError.self) {
            try sqlite("SELECT * FROM bans", "\(scratch.path)/ledger-1.sqlite")
        }
        #expect(error.map { LedgerError($0).code } == .inUse)
        #expect(ledger.write(batch(ban(2))))
        ledger.close()
        #expect(try reopened().told.bans.count == 2)
    }

    @Test func `A directory that isn't there is named`() {
        var told = Told()
        let error = #expect(throws: LedgerError.self) {
            try Ledger.open(
                directory: "/nonexistent/ledger", clock: clock.clock(), reader: &told, whenChanged: { _ in })
        }
        #expect(error?.code == .notAccessible)
        #expect(error?.description.contains("/nonexistent/ledger") == true)
    }

    @Test func `A later version's ledger is left as it is`() throws {
        let (ledger, _, _) = try Ledger.open(scratch, clock.clock())
        #expect(ledger.write(batch(ban(1))))
        ledger.close()
        try sqlite("PRAGMA user_version = \(0x0909_0909)", "\(scratch.path)/ledger-1.sqlite")
        let before = scratch.read("ledger-1.sqlite")
        let error = #expect(throws: LedgerError.self) { try Ledger.open(scratch, clock.clock()) }
        #expect(error?.code == .newer)
        #expect(error?.description.contains("version 9") == true)
        #expect(scratch.read("ledger-1.sqlite") == before)
    }

    @Test(arguments: [
        "PRAGMA application_id = 7", "PRAGMA user_version = 2", "DROP TABLE bans", "DELETE FROM state",
        "DROP TABLE bans; DROP TABLE offences; DROP TABLE history; DROP TABLE state; PRAGMA application_id = 0; "
            + "PRAGMA user_version = 0",
    ])
    func `A database that is no ledger is set aside, and that is said`(change: String) throws {
        let (ledger, _, _) = try Ledger.open(scratch, clock.clock())
        #expect(ledger.write(batch(ban(1))))
        ledger.close()
        try sqlite(change, "\(scratch.path)/ledger-1.sqlite")
        let found = try reopened()
        guard case .salvaged(let damage) = found.opening else {
            Issue.record("it is \(found.opening)")
            return
        }
        #expect(damage.file == "\(scratch.path)/ledger-1.sqlite.damaged")
        #expect(scratch.names.contains("ledger-1.sqlite.damaged"))
        #expect(found.told.bans.count == (change.hasPrefix("DROP TABLE bans") ? 0 : 1))
        #expect(try reopened().opening == .whole)
    }

    @Test func `A text in the place of a ledger is kept`() throws {
        scratch.write(Array("This is no database.".utf8), to: "ledger-7.sqlite")
        guard case .salvaged(let damage) = try reopened().opening else {
            Issue.record("it isn't said")
            return
        }
        #expect(damage.bans == 0 && damage.expectedBans == nil)
        #expect(scratch.read("ledger-7.sqlite.damaged") == Array("This is no database.".utf8))
        #expect(scratch.names.contains("ledger-8.sqlite"))
    }

    @Test func `A log whose file is missing isn't passed over`() throws {
        let (ledger, _, _) = try Ledger.open(scratch, clock.clock())
        #expect(ledger.write(batch(ban(1))))
        let log = try #require(scratch.read("ledger-1.sqlite-wal"))
        ledger.close()
        scratch.clear()
        scratch.write(log, to: "ledger-1.sqlite-wal")
        let found = try reopened()
        guard case .salvaged(let damage) = found.opening else {
            Issue.record("it is \(found.opening)")
            return
        }
        #expect(found.told.bans.keys.sorted() == [1] && damage.expectedBans == 1)
        #expect(scratch.read("ledger-1.sqlite.damaged-wal") == log)
    }

    @Test func `What is damaged again and again leaves three files behind`() throws {
        for _ in 0..<6 {
            let (ledger, _, _) = try Ledger.open(scratch, clock.clock())
            #expect(ledger.write(batch(ban(1))))
            ledger.close()
            let name = try #require(scratch.names.last { $0.hasSuffix(".sqlite") })
            try sqlite("PRAGMA application_id = 7", "\(scratch.path)/\(name)")
        }
        #expect(scratch.names.filter { $0.hasSuffix(".damaged") }.count == 3)
        #expect(try reopened().told.bans.count == 1)
    }

    // MARK: Migrations

    private var path: String { "\(scratch.path)/one" }

    @Test func `An empty file becomes the present version`() throws {
        let file = try LedgerFile(path: path, isNew: true)
        file.close()
        let connection = try Connection(path: path, isNew: false)
        #expect(try connection.integer("PRAGMA user_version") == 0x0101_0101)
        #expect(try connection.integer("PRAGMA application_id") == 0x5353_644C)
        #expect(try connection.integer("SELECT count(*) FROM state") == 1)
    }

    @Test func `A file is brought from version to version, and what is there stays`() throws {
        let connection = try Connection(path: path, isNew: true)
        let first = ["CREATE TABLE one (a)", "INSERT INTO one VALUES (1)"]
        #expect(try LedgerFile.migrate(connection, by: [first]) == 0)
        #expect(try LedgerFile.migrate(connection, by: [first]) == 1)
        #expect(
            try LedgerFile.migrate(
                connection, by: [first, ["UPDATE one SET a = a + 1"], ["UPDATE one SET a = a * 7"]]) == 1)
        #expect(try connection.integer("SELECT a FROM one") == 14)
        #expect(try connection.integer("PRAGMA user_version") == 0x0303_0303)
    }

    @Test func `A migration that fails changes nothing`() throws {
        let connection = try Connection(path: path, isNew: true)
        let first = ["CREATE TABLE one (a)", "INSERT INTO one VALUES (1)"]
        try LedgerFile.migrate(connection, by: [first])
        #expect(throws: SQLiteError.self) {
            try LedgerFile.migrate(
                connection, by: [first, ["UPDATE one SET a = 2", "ALTER TABLE two ADD b"]])
        }
        #expect(try connection.integer("SELECT a FROM one") == 1)
        #expect(try connection.integer("PRAGMA user_version") == 0x0101_0101)
        // It isn't left within a transaction.
        try connection.execute("BEGIN; COMMIT")
    }
}
