// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import Nftables

/// The table and sets that most of these tests use.
enum Fixture {
    static let table = Table(.inet, "t")
    static let set = NamedSet(table, "s", key: KeyType(.ipv4Address), flags: .timeout)

    /// 10.0.0.0 and the addresses behind it.
    static func key(_ number: Int) -> ElementKey {
        ElementKey(.v4(IPv4Address(bits: 0x0A00_0000 + UInt32(number))))
    }

    static func elements(_ numbers: Range<Int>, comment: String? = nil) -> [Element] {
        numbers.map { Element(key($0), timeout: .seconds(3600), comment: comment) }
    }
}

extension NetlinkSocket {
    /// Commits what `build` gathers.
    func transact(
        expecting generation: Generation? = nil, _ build: (inout Transaction) throws -> Void
    ) throws {
        var transaction = Transaction(expecting: generation)
        try build(&transaction)
        try commit(transaction.seal())
    }

    /// Makes ``Fixture/table`` with a set.
    func makeTable(_ set: NamedSet = Fixture.set, flags: Table.Flags = []) throws {
        try transact {
            $0.add(Table(.inet, "t", flags: flags))
            $0.add(set)
        }
    }
}

/// The error that `body` throws, if it is one of ours.
func refusal(_ body: () throws -> Void) -> NftablesError? {
    do {
        try body()
        return nil
    } catch {
        return error as? NftablesError
    }
}
