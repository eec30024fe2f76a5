// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import TestRandom
import Testing

@testable import SentinelHelper

@Suite struct BanBookTests {
    static func key(_ number: Int) -> BanKey {
        BanKey(source: .v4(IPv4Address(bits: 0x0A00_0000 + UInt32(number))), ipv6Prefix: 64)
    }

    static func record(_ number: Int, until deadline: Int64?, at now: Int64 = 0, strikes: Int = 1)
        -> BanRecord
    {
        BanRecord(
            key: key(number), deadline: deadline, renewed: now, created: 1_000, strikes: strikes,
            reason: "rate",
            caller: "user:seed", isOperators: false)
    }

    static func enter(_ record: BanRecord, into book: inout BanBook) throws -> BanRecord {
        let entered = book.enter(record)
        return try #require(entered)
    }

    @Test func `Addresses and ports that are chosen to fit each other have hashes of their own`() {
        // Of each the address's bits and the port's would cancel out, were they put together bit by bit.
        let keys = (UInt16(0)..<1024).map { port in
            BanKey(
                destination: Endpoint(
                    address: .v6(IPv6Address(high: 0x2001_0db8_0000_0000, low: UInt64(port) << 32 | 7)),
                    transport: .tcp, port: port))
        }
        #expect(Set(keys.map(\.hashValue)).count == keys.count)
    }

    @Test func `A ban reads back as it was entered`() throws {
        var book = BanBook(capacity: 10)
        var record = Self.record(1, until: 50, strikes: 3)
        record.peer = "12D3KooWPeer"
        record.detail = "17 in 10 s"
        record.subject = "/ip4/10.0.0.1/tcp/1"
        let entered = try Self.enter(record, into: &book)
        record.id = entered.id
        #expect(entered == record)
        #expect(book[Self.key(1)] == record)
        #expect(book.activeCount(in: .accept4) == 1)
        #expect(book.nextEnd == 50)
    }

    @Test func `Entering again keeps the id and the beginning`() throws {
        var book = BanBook(capacity: 10)
        let first = try Self.enter(Self.record(1, until: 50), into: &book)
        var second = Self.record(1, until: 90, at: 40)
        second.created = 999_000
        let renewed = try Self.enter(second, into: &book)
        #expect(renewed.id == first.id)
        #expect(renewed.created == first.created)
        #expect(book[Self.key(1)]?.deadline == 90)
        #expect(book.activeCount == 1)
        #expect(book.expire(at: 60, limit: 10) { _ in 1000 } == [], "the first end is stale")
        #expect(book.expire(at: 90, limit: 10) { _ in 1000 }.count == 1)
    }

    @Test func `Strikes outlive the ban until they are forgotten`() throws {
        var book = BanBook(capacity: 10)
        _ = book.enter(Self.record(1, until: 50, strikes: 4))
        _ = book.expire(at: 50, limit: 10) { _ in 100 }
        #expect(book[Self.key(1)] == nil)
        #expect(book.strikes(of: Self.key(1)).count == 4)
        _ = book.expire(at: 100, limit: 10) { _ in 0 }
        #expect(book.strikes(of: Self.key(1)).count == 0)
    }

    @Test func `Bans for good have no end`() throws {
        var book = BanBook(capacity: 10)
        _ = book.enter(Self.record(1, until: nil))
        #expect(book.nextEnd == nil)
        #expect(book.expire(at: .max - 1, limit: 10) { _ in 0 } == [])
        #expect(book[Self.key(1)]?.deadline == nil)
    }

    @Test func `A full book forgets strikes before it refuses a ban, oldest first`() throws {
        var book = BanBook(capacity: 3)
        for number in 0..<3 { _ = book.enter(Self.record(number, until: Int64(10 + number))) }
        #expect(book.enter(Self.record(3, until: 99)) == nil)
        _ = book.expire(at: 11, limit: 10) { $0.key == Self.key(0) ? 500 : 400 }
        _ = try Self.enter(Self.record(3, until: 99), into: &book)
        #expect(book.strikes(of: Self.key(1)).count == 0)
        #expect(book.strikes(of: Self.key(0)).count == 1)
        #expect(book.activeCount == 2)
    }

    @Test func `Pages give every ban once`() throws {
        var book = BanBook(capacity: 10_000)
        for number in 0..<9_000 { _ = book.enter(Self.record(number, until: 100)) }
        for number in stride(from: 0, to: 9_000, by: 7) { _ = book.end(Self.key(number), forget: 1000) }
        var seen: [BanKey] = []
        var position: Int? = 0
        while let start = position {
            let page = book.page(from: start, limit: 100) { _ in true }
            #expect(page.bans.count <= 100)
            seen += page.bans.map(\.key)
            position = page.next
        }
        #expect(Set(seen).count == seen.count)
        #expect(Set(seen) == Set((0..<9_000).filter { $0 % 7 != 0 }.map(Self.key)))
    }

    /// Against a dictionary, over random histories.
    @Test(arguments: 0..<30) func `The book agrees with a plain model`(seed: UInt64) throws {
        var generator = Seeded(seed)
        var book = BanBook(capacity: 300)
        var model: [BanKey: BanRecord] = [:]
        var now: Int64 = 0
        for _ in 0..<3000 {
            let key = Int.random(in: 0..<250, using: &generator)
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<6:
                let length = Int64.random(in: 1...60, using: &generator)
                let deadline = key % 17 == 0 ? nil : now + length
                let entered = try Self.enter(Self.record(key, until: deadline, at: now), into: &book)
                model[entered.key] = entered
            case 6:
                let ended = book.end(Self.key(key), forget: now + 40)
                #expect(ended == model.removeValue(forKey: Self.key(key)), "seed \(seed)")
            default:
                now += Int64.random(in: 0...10, using: &generator)
                let expired = book.expire(at: now, limit: .max) { _ in now + 40 }
                let due = model.filter { $0.value.deadline.map { $0 <= now } ?? false }
                #expect(Set(expired) == Set(due.values), "seed \(seed)")
                for key in due.keys { model[key] = nil }
            }
            #expect(book.activeCount == model.count, "seed \(seed)")
        }
        for number in 0..<250 { #expect(book[Self.key(number)] == model[Self.key(number)], "seed \(seed)") }
        #expect(Set(book.all { _ in true }) == Set(model.values))
    }

    @Test func `Of two bans with one key the one that ends later is restored`() throws {
        var book = BanBook(capacity: 2)
        book.reserve(1000)
        func restored(_ number: Int, id: UInt64, until: Int64?) -> UInt64? {
            var record = Self.record(number, until: until)
            record.id = id
            return book.restore(record)
        }
        #expect(restored(1, id: 7, until: 100) == nil)
        #expect(restored(1, id: 8, until: 99) == 8)
        #expect(restored(1, id: 9, until: nil) == 7)
        #expect(restored(1, id: 10, until: 1000) == 10)
        #expect(book[Self.key(1)]?.id == 9)
        #expect(restored(2, id: 3, until: 50) == nil)
        #expect(restored(3, id: 4, until: 50) == 4)
        #expect(book.activeCount == 2)
        #expect(book.nextID == 11)
        #expect(book.expire(at: 2000, limit: 10) { _ in 3000 }.map(\.id) == [3])
    }

    @Test func `Thousands of renewals don't pile up`() throws {
        var book = BanBook(capacity: 10)
        for step in 0..<100_000 { _ = book.enter(Self.record(1, until: 1_000_000 + Int64(step))) }
        #expect(book.nextEnd == 1_099_999)
        #expect(book.expire(at: 1_099_998, limit: 10) { _ in 0 } == [])
        #expect(book.expire(at: 1_099_999, limit: 10) { _ in 0 }.count == 1)
    }
}

@Suite struct SlotIndexTests {
    @Test(arguments: 0..<20) func `The index agrees with a dictionary`(seed: UInt64) {
        var generator = Seeded(seed)
        let keys = (0..<400).map { _ in Int.random(in: 0..<100_000, using: &generator) }
        let keyOf: (UInt32) -> Int = { keys[Int($0)] }
        var index = SlotIndex<Int>()
        var model: [Int: UInt32] = [:]
        for _ in 0..<5000 {
            let slot = UInt32.random(in: 0..<400, using: &generator)
            let key = keyOf(slot)
            if model[key] == nil {
                index.insert(slot, key: key, keyOf: keyOf)
                model[key] = slot
            } else {
                index.remove(key, keyOf: keyOf)
                model[key] = nil
            }
            #expect(index.count == model.count)
        }
        for key in keys { #expect(index.slot(of: key, in: keyOf) == model[key], "seed \(seed)") }
    }
}
