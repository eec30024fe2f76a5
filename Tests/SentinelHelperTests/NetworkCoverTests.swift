// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import TestRandom
import Testing

@testable import SentinelHelper

@Suite struct NetworkCoverTests {
    typealias Cover = NetworkCover<Int>

    static func block(_ text: String, _ deadline: Int64?, _ id: Int) throws -> Cover.Block {
        Cover.Block(network: try #require(IPNetwork(text)), deadline: deadline, id: id)
    }

    static func text(_ cover: Cover) -> [String] { cover.segments.map { "\($0.first)-\($0.last) \($0.id)" } }

    @Test func `A block alone is one segment`() throws {
        #expect(Self.text(Cover([try Self.block("10.0.0.0/8", 5, 1)])) == ["10.0.0.0-10.255.255.255 1"])
    }

    @Test func `A block inside one that ends later takes no segment`() throws {
        let cover = Cover([try Self.block("10.1.0.0/16", 5, 1), try Self.block("10.0.0.0/8", 6, 2)])
        #expect(Self.text(cover) == ["10.0.0.0-10.255.255.255 2"])
    }

    @Test func `A block inside one that ends sooner cuts it in two`() throws {
        let cover = Cover([try Self.block("10.1.0.0/16", nil, 1), try Self.block("10.0.0.0/8", 6, 2)])
        #expect(
            Self.text(cover) == [
                "10.0.0.0-10.0.255.255 2", "10.1.0.0-10.1.255.255 1", "10.2.0.0-10.255.255.255 2",
            ])
    }

    @Test func `Blocks at both ends of all addresses leave nothing over`() throws {
        let cover = Cover([
            try Self.block("0.0.0.0/0", 1, 1), try Self.block("255.255.255.255/32", 2, 2),
            try Self.block("0.0.0.0/32", 2, 3),
        ])
        #expect(
            Self.text(cover) == [
                "0.0.0.0-0.0.0.0 3", "0.0.0.1-255.255.255.254 1", "255.255.255.255-255.255.255.255 2",
            ])
    }

    /// Against the definition: each address is decided by the block around it that ends last. Over all addresses of
    /// 16 bits, with random blocks.
    @Test(arguments: 0..<200) func `Each address has the block that ends last`(seed: UInt64) throws {
        var generator = Seeded(seed)
        let blocks = (0..<Int.random(in: 1...12, using: &generator)).map { id in
            let length = Int.random(in: 16...32, using: &generator)
            let address = IPAddress.v4(
                IPv4Address(bits: 0x0A00_0000 | UInt32.random(in: 0...0xFFFF, using: &generator)))
            let deadline = Bool.random(using: &generator) ? Int64.random(in: 1...5, using: &generator) : nil
            return Cover.Block(
                network: IPNetwork(containing: address, prefixLength: length), deadline: deadline, id: id)
        }
        let cover = Cover(blocks)
        for (a, b) in zip(cover.segments, cover.segments.dropFirst()) {
            #expect(a.last < b.first)
            #expect(
                a.last.successor != b.first || a.id != b.id, "neighbours with the same answer are one segment"
            )
        }
        for _ in 0..<300 {
            let address = IPAddress.v4(
                IPv4Address(bits: 0x0A00_0000 | UInt32.random(in: 0...0xFFFF, using: &generator)))
            let holding = blocks.filter { $0.network.contains(address) }
            let latest = holding.max { Cover.endsLater($1.deadline, $0.deadline) }
            let segment = cover.segment(holding: address)
            #expect((segment == nil) == holding.isEmpty, "seed \(seed), \(address)")
            if let latest, let segment {
                #expect(segment.deadline == latest.deadline, "seed \(seed), \(address)")
            }
        }
        // Nothing has to be recut when blocks end: what remains decides the same addresses as before.
        let now: Int64 = 3
        let rest = blocks.filter { $0.deadline.map { $0 > now } ?? true }
        let kept = cover.segments.filter { $0.deadline.map { $0 > now } ?? true }
        let fresh = Cover(rest)
        for _ in 0..<100 {
            let address = IPAddress.v4(
                IPv4Address(bits: 0x0A00_0000 | UInt32.random(in: 0...0xFFFF, using: &generator)))
            let isKept = kept.contains { $0.first <= address && address <= $0.last }
            #expect(isKept == (fresh.segment(holding: address) != nil), "seed \(seed), \(address)")
        }
    }
}
