// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet

/// Values by single addresses.
struct AddressTable<Value: TableValue>: Sendable {
    private var four: FlatTable<Key4, Value>
    private var six: FlatTable<Key6, Value>

    init(seed: HashSeed) {
        four = FlatTable(seed: seed)
        six = FlatTable(seed: seed)
    }

    /// How many addresses there are.
    var count: Int { four.count + six.count }

    /// Makes room for so many IPv4 and IPv6 addresses besides those that there are.
    mutating func reserveCapacity(adding four: Int, _ six: Int) {
        self.four.reserveCapacity(adding: four)
        self.six.reserveCapacity(adding: six)
    }

    subscript(address: IPAddress) -> Value? {
        switch address {
        case .v4(let address): four[Key4(address)]
        case .v6(let address): six[Key6(address)]
        }
    }

    @discardableResult
    mutating func update(_ address: IPAddress, to value: Value) -> Value? {
        switch address {
        case .v4(let address): four.update(Key4(address), to: value)
        case .v6(let address): six.update(Key6(address), to: value)
        }
    }

    @discardableResult
    mutating func remove(_ address: IPAddress) -> Value? {
        switch address {
        case .v4(let address): four.remove(Key4(address))
        case .v6(let address): six.remove(Key6(address))
        }
    }

    /// Removes every address that `isUnwanted` holds for.
    mutating func removeAll(where isUnwanted: (Value) -> Bool) {
        four.removeAll { _, value in isUnwanted(value) }
        six.removeAll { _, value in isUnwanted(value) }
    }

    /// Adds what another table holds and this one doesn't, see ``FlatTable``.
    mutating func merge(_ other: AddressTable, _ transform: (Value) -> Value?) {
        four.merge(other.four, transform)
        six.merge(other.six, transform)
    }

    /// Where one more address needs more room, removes what `isUnwanted` holds for, see ``FlatTable``.
    mutating func makeRoom(dropping isUnwanted: (Value) -> Bool) {
        four.makeRoom { _, value in isUnwanted(value) }
        six.makeRoom { _, value in isUnwanted(value) }
    }
}
