// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Testing

@testable import SentinelClient

struct DenialQueueTests {
    private let start = MonotonicInstant(nanoseconds: 0)

    private func denial(_ number: Int, reason: Reason = .rate, until seconds: Int? = nil) -> PendingDenial {
        PendingDenial(
            subject: .source(.v4(IPv4Address(bits: UInt32(number)))), reason: reason, detail: "",
            deadline: seconds.map { start.advanced(by: .seconds($0)) })
    }

    @Test
    func `a denial with a wish and one without are both handed over`() {
        var queue = DenialQueue(capacity: 10)
        _ = queue.add(denial(1, until: 10))
        _ = queue.add(denial(1))
        #expect(queue.take(atMost: 10, now: start).due.map(\.deadline?.nanoseconds) == [10_000_000_000, nil])
    }

    @Test
    func `what is taken back goes before what came later`() {
        var queue = DenialQueue(capacity: 10)
        for number in 0..<4 { _ = queue.add(denial(number)) }
        let taken = queue.take(atMost: 3, now: start).due
        #expect(queue.finish(taken[1].key) != nil)
        queue.takeBack()
        #expect(
            queue.take(atMost: 10, now: start).due.map(\.subject.text) == ["0.0.0.0", "0.0.0.2", "0.0.0.3"])
    }

    @Test
    func `what has been answered can't be answered again`() throws {
        var queue = DenialQueue(capacity: 10)
        _ = queue.add(denial(1))
        let taken = try #require(queue.take(atMost: 1, now: start).due.first)
        #expect(queue.finish(taken.key) != nil)
        #expect(queue.finish(taken.key) == nil)
        #expect(queue.count == 0)
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `over any history nothing is lost, and there are never more than there may be`(seed: UInt64) {
        var generator = Xorshift(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
        var queue = DenialQueue(capacity: 20)
        var travelling: [PendingDenial] = []
        var (queued, gone) = (0, 0)
        for _ in 0..<5000 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0:
                let taken = queue.take(atMost: Int.random(in: 1...8, using: &generator), now: start)
                travelling += taken.due
                gone += taken.over.count
            case 1, 2:
                guard let last = travelling.popLast(), let finished = queue.finish(last.key) else { continue }
                gone += 1
                if finished.hasNext { queued += 1 }
            case 3 where Bool.random(using: &generator):
                queue.takeBack()
                travelling = []
            default:
                let until = Bool.random(using: &generator) ? Int.random(in: 0...9, using: &generator) : nil
                switch queue.add(denial(Int.random(in: 0..<40, using: &generator), until: until)) {
                case .queued: queued += 1
                case .merged: break
                case .displaced:
                    queued += 1
                    gone += 1
                case .refused:
                    queued += 1
                    gone += 1
                }
            }
            #expect(queue.count <= 20)
            #expect(queue.count == queued - gone)
        }
    }
}

struct RecencyTableTests {
    @Test(arguments: 0..<8 as Range<UInt64>)
    func `it holds what a list in the order of use would`(seed: UInt64) {
        var generator = Xorshift(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
        var table = RecencyTable<Int, Int>(capacity: 8)
        var model: [(key: Int, value: Int)] = []
        for step in 0..<5000 {
            let key = Int.random(in: 0..<16, using: &generator)
            let place = model.firstIndex { $0.key == key }
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                let removed = place.map { model.remove(at: $0).value }
                #expect(table.remove(key) == removed)
            case 1:
                let found = place.map { model.remove(at: $0).value }
                if found != nil { model.append((key, step)) }
                let seen: Int? = table.update(key) { value in
                    defer { value = step }
                    return value
                }
                #expect(seen == found)
            default:
                if let place { model.remove(at: place) }
                let evicted = place == nil && model.count == 8 ? model.removeFirst() : nil
                model.append((key, step))
                #expect(table.insert(key, step)?.key == evicted?.key)
            }
            #expect(table.count == model.count)
            for key in 0..<16 { #expect(table[key] == model.first { $0.key == key }?.value) }
        }
    }
}

/// Random numbers that are the same in every run.
private struct Xorshift: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
