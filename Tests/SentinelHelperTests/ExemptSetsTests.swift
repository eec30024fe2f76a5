// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import SentinelProtocol
import Testing

@testable import SentinelHelper

@Suite struct ExemptSetsTests {
    private static func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    private static func guards(exempt: String...) -> Guards {
        Guards(exempt: exempt.compactMap { IPNetwork($0) })
    }

    /// How many ranges come and go, in both families: each has a beginning and an end.
    private static func counts(_ difference: ExemptSets.Difference) -> [Int] {
        [difference.added, difference.removed].map { sets in sets.values.reduce(0) { $0 + $1.count } / 2 }
    }

    @Test func `An address that comes or goes is one range, and none where a guard holds it`() throws {
        var sets = ExemptSets(Self.guards(exempt: "203.0.113.0/24"))
        let before = sets.count(.ipv4)
        var difference = ExemptSets.Difference()
        for text in ["192.0.2.1", "203.0.113.7", "2001:db8::1"] {
            sets.set(try Self.address(text), isExempt: true, noting: &difference)
            #expect(sets.contains(try Self.address(text)))
        }
        #expect(Self.counts(difference) == [2, 0])
        #expect(sets.count(.ipv4) == before + 1)
        difference = ExemptSets.Difference()
        sets.set(try Self.address("192.0.2.1"), isExempt: true, noting: &difference)
        #expect(difference.isEmpty)
        for text in ["192.0.2.1", "203.0.113.7", "192.0.2.2"] {
            sets.set(try Self.address(text), isExempt: false, noting: &difference)
        }
        #expect(Self.counts(difference) == [0, 1])
        #expect(sets.contains(try Self.address("203.0.113.7")), "the operator's list has it")
    }

    @Test func `Other guards change only what is different`() throws {
        var sets = ExemptSets(Self.guards(exempt: "203.0.113.0/24"))
        let addresses = try ["192.0.2.1", "198.51.100.1"].map { try Self.address($0) }
        #expect(Self.counts(sets.replace(sets.guards, addresses)) == [2, 0])
        #expect(sets.replace(sets.guards, addresses).isEmpty)
        // A block takes an address of a peer in, and another block goes.
        #expect(Self.counts(sets.replace(Self.guards(exempt: "198.51.100.0/24"), addresses)) == [1, 2])
        for address in addresses { #expect(sets.contains(address)) }
        #expect(sets.contains(try #require(IPNetwork("198.51.100.128/25"))))
        #expect(!sets.contains(try #require(IPNetwork("203.0.113.0/24"))))
        #expect(!sets.contains(try #require(IPNetwork("192.0.2.0/31"))))
        #expect(Self.counts(sets.replace(Self.guards(), addresses)) == [1, 1])
    }

    @Test func `What is held back is released with its ban`() throws {
        var heldBack = HeldBack()
        let addresses = try ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map { try Self.address($0) }
        let block = BanKey(network: try #require(IPNetwork("192.0.2.0/24")))
        let source = BanKey(source: addresses[2], ipv6Prefix: 64)
        for address in addresses { heldBack.insert(address, for: block) }
        heldBack.insert(addresses[2], for: source)
        heldBack.remove(addresses[0])
        #expect(addresses.map { heldBack.contains($0) } == [false, true, true])
        #expect(Set(heldBack.keys) == [block, source])
        #expect(heldBack.release(block) == [addresses[1]])
        #expect(heldBack.release(block) == [])
        heldBack.remove(addresses[2])
        #expect(heldBack.keys.isEmpty)
    }
}
