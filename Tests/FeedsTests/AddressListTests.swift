// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import TestRandom
import Testing

@testable import Feeds

/// A list of these networks.
func list(_ networks: String...) throws -> AddressList {
    var builder = AddressList.Builder()
    for network in networks { builder.add(try #require(IPNetwork(network), "\(network)")) }
    return builder.finish()
}

@Suite struct AddressListTests {
    @Test func `Addresses come once and in order, blocks merge, and what lies in a block is part of it`()
        throws
    {
        let all = try list(
            "192.0.2.9", "192.0.2.1", "192.0.2.9", "198.51.100.7", "198.51.100.0/25", "198.51.100.128/25",
            "2001:db8::1", "2001:db8:1::/48", "2001:db8:1::9", "255.255.255.0/24", "0.0.0.0/8")
        #expect(all.ipv4.addresses == [0xC000_0201, 0xC000_0209])
        #expect(
            all.ipv4.blocks == [
                .init(0, 0x00FF_FFFF), .init(0xC633_6400, 0xC633_64FF), .init(0xFFFF_FF00, 0xFFFF_FFFF),
            ])
        #expect(all.addressCount == 3 && all.blockCount == 4 && all.count == 7)
        #expect(all.contains(try #require(IPNetwork("198.51.100.77"))))
        #expect(all.place(of: try #require(IPNetwork("192.0.2.9"))) == .address)
        #expect(all.place(of: try #require(IPNetwork("2001:db8:1:2::/64"))) == .block)
        #expect(!all.contains(try #require(IPNetwork("192.0.2.2"))))
        #expect(!all.contains(try #require(IPNetwork("198.51.0.0/16"))))
    }

    @Test func `A union has what any has, and the difference leads from one list to another`() throws {
        let a = try list("192.0.2.1", "192.0.2.2", "198.51.100.0/24", "2001:db8::1")
        let b = try list("192.0.2.2", "198.51.100.0/25", "203.0.113.7", "198.51.101.0/24", "2001:db8::1")
        let both = AddressList.union([a, b])
        #expect(
            both == (try list("192.0.2.1", "192.0.2.2", "203.0.113.7", "198.51.100.0/23", "2001:db8::1")))
        let difference = a.difference(to: b)
        #expect(difference.removed == (try list("192.0.2.1", "198.51.100.0/24")))
        #expect(difference.added == (try list("203.0.113.7", "198.51.100.0/25", "198.51.101.0/24")))
        #expect(a.difference(to: a).isEmpty && AddressList.union([]).isEmpty)
    }

    /// Against sets of single addresses, in a family so small that everything meets.
    @Test(arguments: 0..<300) func `Whatever is in it, it is what sets of numbers are`(seed: UInt64) throws {
        var random = Seeded(seed)
        func some() -> (NumberList<UInt8>, Set<UInt8>) {
            var (addresses, blocks, all): ([UInt8], [NumberList<UInt8>.Block], Set<UInt8>) = ([], [], [])
            for _ in 0..<Int.random(in: 0...9, using: &random) {
                let number = UInt8.random(in: 0...255, using: &random)
                addresses.append(number)
                all.insert(number)
            }
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let first = UInt8.random(in: 0...255, using: &random)
                let last = UInt8(clamping: Int(first) + Int.random(in: 0...20, using: &random))
                blocks.append(.init(first, last))
                all.formUnion(first...last)
            }
            return (NumberList(addresses, blocks), all)
        }
        let ((a, ofA), (b, ofB)) = (some(), some())
        for (list, all) in [(a, ofA), (b, ofB), (a.union(b), ofA.union(ofB))] {
            #expect(Set(UInt8.min...UInt8.max).filter { list.place(of: $0, through: $0) != nil } == all)
            #expect(NumberList(checking: list.addresses, list.blocks) == list)
            let count =
                list.addresses.count { $0 >= 50 && $0 <= 99 }
                + list.blocks.count { $0.last >= 50 && $0.first <= 99 }
            #expect(list.count(from: 50, through: 99) == count)
        }
        let (removed, added) = a.difference(to: b)
        #expect(Set(a.addresses).subtracting(removed.addresses).union(added.addresses) == Set(b.addresses))
        #expect(Set(a.blocks).subtracting(removed.blocks).union(added.blocks) == Set(b.blocks))
        #expect(Set(removed.blocks).isDisjoint(with: added.blocks))
        let within = a.addresses(in: b)
        #expect(within.addresses == a.addresses.filter { b.place(of: $0, through: $0) == .block })
        var rest = a
        rest.remove(addressesOf: within)
        #expect(rest.addresses == a.addresses.filter { b.place(of: $0, through: $0) != .block })
        #expect(rest.blocks == a.blocks)
    }
}
