// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import TestRandom
import Testing

@testable import Sentinel

/// A number as a key and as a value.
private struct Number: TableKey, TableValue {
    let value: Int

    static var vacant: Number { Number(value: 0) }
    var isVacant: Bool { value == 0 }

    func hash(_ seed: HashSeed) -> UInt64 {
        var state = SipHash(seed)
        state.absorb(UInt64(value))
        return state.finish()
    }
}

/// A number whose hash is always the same: as bad as an attacker could wish.
private struct Colliding: TableKey {
    let value: Int

    static var vacant: Colliding { Colliding(value: 0) }
    func hash(_ seed: HashSeed) -> UInt64 { .max }
}

@Suite struct FlatTableTests {
    @Test(arguments: seeds)
    func `It agrees with a dictionary, at every size`(seed: UInt64) {
        var random = Seeded(seed)
        var table = FlatTable<Number, Number>(seed: HashSeed(seed, 1))
        var model: [Int: Int] = [:]
        for _ in 0..<20_000 {
            let key = Int(1 + random.next() % 200)
            let value = Int(1 + random.next() % 1000)
            if random.chance(50) {
                #expect(table.update(Number(value: key), to: Number(value: value))?.value == model[key])
                model[key] = value
            } else {
                #expect(table.remove(Number(value: key))?.value == model.removeValue(forKey: key))
            }
            let other = Int(1 + random.next() % 200)
            #expect(table[Number(value: other)]?.value == model[other])
            #expect(table.count == model.count)
        }
    }

    @Test func `Keys that all collide are found and removed, around the array's end as well`() {
        var table = FlatTable<Colliding, Number>(seed: HashSeed(1, 1))
        for key in 1...100 { table.update(Colliding(value: key), to: Number(value: key)) }
        for key in stride(from: 1, through: 100, by: 3) {
            #expect(table.remove(Colliding(value: key))?.value == key)
        }
        for key in 1...100 {
            #expect(table[Colliding(value: key)]?.value == (key % 3 == 1 ? nil : key))
        }
    }

    @Test func `Unwanted keys make room instead of growth`() {
        var table = FlatTable<Number, Number>(seed: HashSeed(1, 1))
        for key in 1...10_000 {
            // Only the last ten are wanted.
            table.makeRoom { number, _ in number.value < key - 10 }
            table.update(Number(value: key), to: Number(value: key))
        }
        #expect(table.capacity <= 64)
        #expect(table[Number(value: 10_000)] != nil)
    }

    @Test func `Room that is reserved is enough`() {
        var table = FlatTable<Number, Number>(seed: HashSeed(1, 1))
        table.reserveCapacity(adding: 1000)
        let capacity = table.capacity
        for key in 1...1000 { table.update(Number(value: key), to: Number(value: key)) }
        #expect(table.capacity == capacity)
        table.removeAll { number, _ in number.value > 10 }
        #expect(table.count == 10)
    }
}
