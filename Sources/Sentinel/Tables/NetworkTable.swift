// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet

/// Values by blocks of addresses; a search finds the longest prefix first.
///
/// Blocks lie in a flat table for each family, and a search asks it once for every prefix length that a block
/// around the address can have. Which those are is told by a small index of neighbourhoods, so that an address
/// near which nothing is listed costs one look at the index, however many blocks and lengths there are.
struct NetworkTable<Value: TableValue>: Sendable {
    private var four: FlatTable<NetworkKey4, Value>
    private var six: FlatTable<NetworkKey6, Value>
    private var lengths4 = PrefixLengths4()
    private var lengths6: PrefixLengths6

    init(seed: HashSeed) {
        four = FlatTable(seed: seed)
        six = FlatTable(seed: seed)
        lengths6 = PrefixLengths6(seed: seed)
    }

    /// How many blocks there are.
    var count: Int { four.count + six.count }

    /// Makes room for so many IPv4 and IPv6 blocks besides those that there are.
    mutating func reserveCapacity(adding four: Int, _ six: Int) {
        self.four.reserveCapacity(adding: four)
        self.six.reserveCapacity(adding: six)
    }

    /// Sets the block's value; gives the one it had.
    ///
    /// - Precondition: it is a block of more than one address.
    @discardableResult
    mutating func update(_ network: IPNetwork, to value: Value) -> Value? {
        let length = network.prefixLength
        switch network.first {
        case .v4(let first):
            lengths4.insert(first, length)
            return four.update(NetworkKey4(first, prefixLength: length), to: value)
        case .v6(let first):
            lengths6.insert(first, length)
            return six.update(NetworkKey6(first, prefixLength: length), to: value)
        }
    }

    /// Removes a block. That its prefix length was in use is not forgotten: it costs a look, no more.
    @discardableResult
    mutating func remove(_ network: IPNetwork) -> Value? {
        switch network.first {
        case .v4(let first): four.remove(NetworkKey4(first, prefixLength: network.prefixLength))
        case .v6(let first): six.remove(NetworkKey6(first, prefixLength: network.prefixLength))
        }
    }

    /// Removes every block that `isUnwanted` holds for.
    mutating func removeAll(where isUnwanted: (Value) -> Bool) {
        four.removeAll { _, value in isUnwanted(value) }
        six.removeAll { _, value in isUnwanted(value) }
    }

    /// Adds what another table holds and this one doesn't, see ``FlatTable``.
    mutating func merge(_ other: NetworkTable, _ transform: (Value) -> Value?) {
        four.merge(other.four, transform)
        six.merge(other.six, transform)
        other.four.visit { key, _ in lengths4.insert(key.first, key.length) }
        other.six.visit { key, _ in lengths6.insert(key.network, key.length) }
    }

    /// Where one more block needs more room, removes what `isUnwanted` holds for, see ``FlatTable``.
    mutating func makeRoom(dropping isUnwanted: (Value) -> Bool) {
        four.makeRoom { _, value in isUnwanted(value) }
        six.makeRoom { _, value in isUnwanted(value) }
    }

    /// The value of the longest prefix that `address` lies in and that `isWanted` holds for.
    @inline(__always)
    func longestMatch(_ address: IPAddress, where isWanted: (Value) -> Bool) -> Value? {
        switch address {
        case .v4(let address):
            guard four.count > 0 else { return nil }
            var lengths = lengths4.candidates(address)
            while let length = lengths.popLongest() {
                let key = NetworkKey4(address, prefixLength: length)
                if let value = four[key], isWanted(value) { return value }
            }
        case .v6(let address):
            guard six.count > 0 else { return nil }
            var lengths = lengths6.candidates(address)
            while let length = lengths.popLongest() {
                let key = NetworkKey6(address, prefixLength: length)
                if let value = six[key], isWanted(value) { return value }
            }
        }
        return nil
    }
}
