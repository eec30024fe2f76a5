// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import TestRandom
import Testing

@testable import SentinelHelper

/// In which order bans end, and whose they are.
@Suite struct EndOrderTests {
    @Test(arguments: 0..<20 as Range<UInt64>) func `The heap agrees with a sorted list`(seed: UInt64) {
        var generator = Seeded(seed)
        var slots = BanSlots()
        for _ in 0..<200 { slots.append() }
        var heap = EndHeap()
        var model: [UInt32: Int64] = [:]
        for _ in 0..<4000 {
            let slot = UInt32.random(in: 0..<200, using: &generator)
            let deadline = Int64.random(in: 0..<60, using: &generator)
            if model[slot] == nil {
                slots[slot].deadline = deadline
                heap.insert(slot, &slots)
                model[slot] = deadline
            } else if Bool.random(using: &generator) {
                heap.remove(slot, &slots)
                model[slot] = nil
            } else {
                slots[slot].deadline = deadline
                heap.moved(slot, &slots)
                model[slot] = deadline
            }
            #expect(heap.count == model.count, "seed \(seed)")
            #expect(heap.first.flatMap { model[$0] } == model.values.min(), "seed \(seed)")
        }
        var walk = EndWalk(heap.members, slots)
        var walked: [Int64] = []
        while let slot = walk.next(heap.members, slots) { walked.append(slots[slot].deadline) }
        #expect(walked == model.values.sorted(), "seed \(seed)")
    }

    private func record(_ number: Int, of caller: String, until deadline: Int64?, isOperators: Bool = false)
        -> BanRecord
    {
        var record = BanBookTests.record(number, until: deadline)
        record.caller = caller
        record.isOperators = isOperators
        return record
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `Who holds how many is counted, and each caller's bans are walked in the order they end`(
        seed: UInt64
    ) {
        var generator = Seeded(seed)
        var book = BanBook(capacity: 400)
        var model: [BanKey: BanRecord] = [:]
        let callers = ["user:a", "user:b", "user:c"]
        for _ in 0..<2000 {
            let number = Int.random(in: 0..<300, using: &generator)
            if Int.random(in: 0..<4, using: &generator) == 0 {
                _ = book.end(BanBookTests.key(number), forget: 1000)
                model[BanBookTests.key(number)] = nil
            } else {
                let deadline = number % 13 == 0 ? nil : Int64.random(in: 1...1000, using: &generator)
                let record = record(
                    number, of: callers.randomElement(using: &generator) ?? "", until: deadline,
                    isOperators: Int.random(in: 0..<5, using: &generator) == 0)
                model[record.key] = book.enter(record)
            }
        }
        let nodes = model.values.filter { !$0.isOperators }
        let holders = Dictionary(book.holders(in: .accept4).map { ($0.caller, $0.count) }) { $0 + $1 }
        #expect(holders == Dictionary(grouping: nodes, by: \.caller).mapValues(\.count), "seed \(seed)")
        #expect(book.holders(in: .dial4).isEmpty)
        for caller in callers {
            var walked: [Int64] = []
            if var walk = book.walk(of: caller, in: .accept4) {
                while let record = book.next(&walk, of: caller, in: .accept4) {
                    #expect(record.caller == caller && !record.isOperators, "seed \(seed)")
                    walked.append(record.deadline ?? .max)
                }
            }
            let ends = nodes.filter { $0.caller == caller }.map { $0.deadline ?? .max }
            #expect(walked == ends.sorted(), "seed \(seed)")
        }
        #expect(book.nextEnd == model.values.compactMap(\.deadline).min(), "seed \(seed)")
        #expect(Set(book.keys(in: .accept4)) == Set(model.keys), "seed \(seed)")
    }

    @Test func `All ends are put off alike, and what never ends still doesn't`() {
        var book = BanBook(capacity: 10)
        for (number, deadline) in [(1, 50), (2, 20), (3, nil)] as [(Int, Int64?)] {
            _ = book.enter(record(number, of: "user:a", until: deadline))
        }
        book.postpone(by: 7)
        #expect((1...3).map { book[BanBookTests.key($0)]?.deadline } == [57, 27, nil])
        #expect(book.nextEnd == 27)
        #expect(book.expire(at: 26, limit: 9) { _ in 0 } == [])
        #expect(book.expire(at: 57, limit: 9) { _ in 0 }.map(\.key) == [2, 1].map(BanBookTests.key))
    }

    @Test func `Slices of a set's keys give each once`() {
        var book = BanBook(capacity: 10_000)
        for number in 0..<5000 { _ = book.enter(record(number, of: "user:a", until: 99)) }
        var seen: [BanKey] = []
        var position: Int? = 0
        while let start = position {
            let slice = book.ends(in: .accept4, from: start, limit: 700)
            #expect(slice.ends.count <= 700)
            #expect(slice.ends.allSatisfy { $0.deadline == 99 })
            seen += slice.ends.map(\.key)
            position = slice.next
        }
        #expect(seen.count == 5000 && Set(seen).count == 5000)
    }

    @Test func `Strikes without end take no more than their part of the book`() {
        var book = BanBook(capacity: 200_000)
        for number in 0..<100_000 {
            _ = book.enter(record(number, of: "user:a", until: 99))
            _ = book.end(BanBookTests.key(number), forget: Int64(number))
        }
        let kept = (0..<100_000).count { book.strikes(of: BanBookTests.key($0)).count > 0 }
        #expect(kept == 75_000)
        // Those that would have been forgotten last.
        #expect(book.strikes(of: BanBookTests.key(99_999)).count == 1)
        #expect(book.strikes(of: BanBookTests.key(0)).count == 0)
        // Bans come first.
        for number in 100_000..<230_000 { _ = book.enter(record(number, of: "user:a", until: 99)) }
        #expect(book.activeCount == 130_000)
        #expect((0..<100_000).count { book.strikes(of: BanBookTests.key($0)).count > 0 } <= 70_000)
    }
}
