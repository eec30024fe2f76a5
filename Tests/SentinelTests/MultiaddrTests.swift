// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import TestRandom
import Testing

@Suite struct MultiaddrTextTests {
    @Test(arguments: AddressVectors.good)
    func `What the reference reads is read, and reads back from text and bytes`(text: String) throws {
        let address = try Multiaddr(parsing: text)
        #expect(try Multiaddr(parsing: address.description) == address)
        #expect(try Multiaddr(bytes: address.bytes) == address)
    }

    @Test(arguments: AddressVectors.bad)
    func `What the reference refuses is refused`(text: String) {
        #expect(Multiaddr(text) == nil)
    }

    @Test(arguments: [
        ("/ip4/127.0.0.1/udp/1234", "047f000001910204d2"),
        ("/ip4/127.0.0.1/tcp/4321", "047f0000010610e1"),
        ("/ip4/127.0.0.1/udp/1234/ip4/127.0.0.1/tcp/4321", "047f000001910204d2047f0000010610e1"),
        ("/onion/aaimaq4ygg2iegci:80", "bc030010c0439831b48218480050"),
        (
            "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:1234",
            "bd03adadec040be047f9658668b11a504f3155001f231a37f54c4476c07fb4cc139ed7e30304d2"
        ),
        ("/garlic64/" + AddressVectors.destination, AddressVectors.destinationBytes),
        (
            "/garlic32/566niximlxdzpanmn4qouucvua3k7neniwss47li5r6ugoertzuq",
            "bf0320efbcd45d0c5dc79781ac6f20ea5055a036afb48d45a52e7d68ec7d4338919e69"
        ),
        ("/memory/4", "89060000000000000004"), ("/http-path/tmp%2Fbar", "e10307746d702f626172"),
        ("/ip6/::1/udp/443/quic-v1", "2900000000000000000000000000000001910201bbcd03"),
        ("/unix/a/b", "9003042f612f62"), ("/dns4/a.example/tcp/443/wss", "3609612e6578616d706c650601bbde03"),
        ("/ip4/192.0.2.0/ipcidr/24", "04c00002002b18"),
        ("/ip6zone/x/ip6/fe80::1", "2a017829fe80" + String(repeating: "0", count: 26) + "01"),
        ("/ip4/192.0.2.1/tcp/1/plaintextv2", "04c0000201060001e1d8c103"),
    ])
    func `Text and bytes are those of the table`(text: String, bytes: String) throws {
        #expect(try Multiaddr(parsing: text).bytes == hex(bytes))
        #expect(try Multiaddr(bytes: hex(bytes)).description == text)
    }

    @Test(arguments: [
        "/unix/a/b/c/d", "/ip6/::ffff:127.0.0.1/tcp/111", "/ip4/127.0.0.1/udp/123/ip6/::",
        "/ip4/127.0.0.1/udp/1234/quic-v1/webtransport/certhash/uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g",
        "/p2p/QmbHVEEepCi7rn7VL7Exxpd2Ci9NNB6ifvqwhsrbRMgQFP/unix/a/b/c",
        "/ip4/203.0.113.7/tcp/4001/p2p/\(Peers.sha256)/p2p-circuit/p2p/\(Peers.ed25519)",
        "/http-path/tmp%2Ffoo%2F..%2Fbar", "/http-path/a%2520space", "/http-path/a%252Fslash",
    ])
    func `Canonical text stays as it is`(text: String) throws {
        #expect(try Multiaddr(parsing: text).description == text)
    }

    @Test(arguments: [
        ("/ipfs/\(Peers.sha256)", "/p2p/\(Peers.sha256)"),
        ("/p2p/bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe", "/p2p/\(Peers.sha256)"),
        ("/ip4/127.0.0.1/tcp/1234///", "/ip4/127.0.0.1/tcp/1234"),
        ("/onion/AAIMAQ4YGG2IEGCI:80", "/onion/aaimaq4ygg2iegci:80"),
        ("/ip6/2001:DB8:0::1", "/ip6/2001:db8::1"),
        // Sub-delimiters may stand in a path segment, and a plus sign is a plus sign (RFC 3986, 3.3).
        ("/http-path/a+b=c:d@e", "/http-path/a%2Bb%3Dc%3Ad%40e"),
        ("/unix/a/b/", "/unix/a/b"),
    ])
    func `Other ways to write it give the one canonical text`(text: String, canonical: String) throws {
        #expect(try Multiaddr(parsing: text).description == canonical)
    }

    @Test(arguments: [
        ("", SentinelError.Code.empty, "multiaddr", 0),
        ("///", .empty, "multiaddr", 0),
        ("ip4/1.2.3.4", .malformed, "multiaddr", 0),
        ("/ip4/1.2.3.4//tcp/80", .unknownProtocol, "multiaddr", 13),
        ("/IP4/1.2.3.4", .unknownProtocol, "multiaddr", 1),
        ("/ip4/1.2.3.4/tcp", .truncated, "tcp", 16),
        ("/ip4/1.2.3.4/tcp/080", .malformed, "tcp", 17),
        ("/ip4/1.2.3.4/tcp/65536", .outOfRange, "tcp", 17),
        ("/ip4/1.2.3.4/tcp/6 5", .malformed, "tcp", 18),
        ("/ip4/1.2.3.04", .malformed, "ip4", 5),
        ("/ip6/::1%eth0", .malformed, "ip6", 5),
        ("/ip6/::/ipcidr/129", .outOfRange, "ipcidr", 15),
        ("/onion3/abc:80", .outOfRange, "onion3", 8),
        ("/onion/aaimaq4ygg2iegci:0", .outOfRange, "onion", 17),
        ("/onion/aaimaq4ygg2iegci:x", .malformed, "onion", 24),
        ("/dns4/a b", .malformed, "dns4", 7),
        ("/dns/" + String(repeating: "a", count: 255), .tooLong, "dns", 5),
        ("/dns/a\u{1B}[2J", .malformed, "dns", 6),
        ("/dns/a\u{202E}b", .malformed, "dns", 6),
        ("/unix/a\nb", .malformed, "unix", 7),
        ("/http-path/a%2", .malformed, "http-path", 12),
        ("/http-path/a|b", .malformed, "http-path", 12),
        ("/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5l", .malformed, "p2p", 56),
        ("/certhash/qabc", .unsupported, "certhash", 10),
    ])
    func `A fault is told with what and where`(
        text: String, code: SentinelError.Code, element: String, offset: Int
    ) {
        #expect {
            try Multiaddr(parsing: text)
        } throws: { error in
            guard let error = error as? SentinelError else { return false }
            return error.code == code && error.element == element && error.offset == offset
                && error.description.contains(error.remedy)
        }
    }

    @Test func `Text beyond the cap is refused, however it goes on`() {
        let long = "/ip4/1.2.3.4" + String(repeating: "/", count: Multiaddr.maximumTextLength)
        #expect(throws: SentinelError.self) { try Multiaddr(parsing: long) }
        let paths = "/unix/" + String(repeating: "a", count: Multiaddr.maximumByteCount)
        #expect { try Multiaddr(parsing: paths) } throws: { ($0 as? SentinelError)?.code == .tooLong }
    }

    @Test func `The longest chain is read, one component more isn't`() throws {
        let chain = String(repeating: "/ws", count: Multiaddr.maximumComponentCount)
        let address = try Multiaddr(parsing: chain)
        #expect(address.protocols.count == Multiaddr.maximumComponentCount)
        #expect(throws: SentinelError.self) { try Multiaddr(parsing: chain + "/ws") }
        #expect(throws: SentinelError.self) { try Multiaddr(bytes: address.bytes + [0xDD, 0x03]) }
    }
}

@Suite struct MultiaddrBinaryTests {
    @Test(arguments: [
        ("", SentinelError.Code.empty, "multiaddr"),
        ("05", .unknownProtocol, "multiaddr"),
        ("80", .truncated, "multiaddr"),
        ("8400", .malformed, "multiaddr"),
        ("ffffffffff01", .outOfRange, "multiaddr"),
        ("047f0000", .truncated, "ip4"),
        ("06", .truncated, "tcp"),
        ("36", .truncated, "dns4"),
        ("3605aabb", .truncated, "dns4"),
        ("36ffffffff0f", .truncated, "dns4"),
        ("3600", .empty, "dns4"),
        ("3602612f", .malformed, "dns4"),
        ("3602ff61", .malformed, "dns4"),
        ("2bff", .outOfRange, "ipcidr"),
        ("bc03aaaaaaaaaaaaaaaaaaaa0000", .outOfRange, "onion"),
        ("a503221221c05877cbae039d70a5e600ea02c6f9f2942439285c9e344e26f8d280c850fad6", .outOfRange, "p2p"),
        ("900302612f", .malformed, "unix"),
        ("9003022f61047f000001", .trailing, "unix"),
        ("d203011200", .malformed, "certhash"),
        ("e10300", .empty, "http-path"),
    ])
    func `Bytes that are no address are refused with what and where`(
        bytes: String, code: SentinelError.Code, element: String
    ) {
        #expect {
            try Multiaddr(bytes: hex(bytes))
        } throws: { error in
            guard let error = error as? SentinelError else { return false }
            return error.code == code && error.element == element && error.offset != nil
        }
    }

    @Test func `A length that a small frame only claims allocates nothing and is refused`() {
        let address = hex("36ffffff7f") + [UInt8](repeating: 0x61, count: 64)
        #expect { try Multiaddr(bytes: address) } throws: { ($0 as? SentinelError)?.code == .truncated }
    }

    @Test func `Bytes beyond the cap are refused`() {
        let address = [UInt8](repeating: 0x06, count: Multiaddr.maximumByteCount + 1)
        #expect { try Multiaddr(bytes: address) } throws: { ($0 as? SentinelError)?.code == .tooLong }
    }

    @Test(arguments: MultiaddrProtocol.allCases)
    func `Every protocol is found by its name and its code`(kind: MultiaddrProtocol) {
        #expect(MultiaddrProtocol(kind.description) == kind)
        #expect(MultiaddrProtocol(rawValue: kind.rawValue) == kind)
    }

    @Test(arguments: seeds)
    func `Random addresses read back from bytes and from text`(seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<500 {
            let bytes = try random.multiaddr()
            let address = try Multiaddr(bytes: bytes)
            #expect(address.bytes == bytes)
            #expect(address.byteCount == bytes.count)
            #expect(try Multiaddr(parsing: address.description) == address)
            #expect(address.components.map(\.description).joined() == address.description)
        }
    }

    @Test(arguments: seeds)
    func `Damaged bytes are refused or read back`(seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<2000 {
            var bytes = try random.multiaddr()
            for _ in 0...(random.next() % 4) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            if random.chance(30) { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
            guard let address = try? Multiaddr(bytes: bytes) else { continue }
            #expect(address.bytes == bytes)
            #expect(try Multiaddr(parsing: address.description) == address)
        }
    }
}

extension Seeded {
    /// The bytes of a chain of up to ten random components.
    fileprivate mutating func multiaddr() throws -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0...(next() % 10) {
            let kind = MultiaddrProtocol.allCases[Int(next() % UInt64(MultiaddrProtocol.allCases.count))]
            let component = varint(kind.rawValue) + (try value(kind))
            if bytes.count + component.count <= Multiaddr.maximumByteCount { bytes += component }
            // A path ends the chain.
            if kind == .unix { break }
        }
        return bytes
    }

    private func varint(_ value: UInt32) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
    }

    private mutating func name() -> [UInt8] {
        (0...(next() % 20)).map { _ in UInt8(ascii: "a") + UInt8(next() % 26) }
    }

    private mutating func value(_ kind: MultiaddrProtocol) throws -> [UInt8] {
        func prefixed(_ value: [UInt8]) -> [UInt8] { varint(UInt32(value.count)) + value }
        return switch kind {
        case .ip4: bytes(4)
        case .ip6: bytes(16)
        case .tcp, .udp, .dccp, .sctp: bytes(2)
        case .ipcidr: [UInt8(next() % 129)]
        case .memory: bytes(8)
        case .onion: bytes(10) + [1, 1]
        case .onion3: bytes(35) + [0, 80]
        case .garlic64: prefixed(bytes(386 + Int(next() % 8)))
        case .garlic32: prefixed(bytes(32))
        case .p2p: prefixed(try peer().bytes)
        case .certhash: prefixed([0x12, 0x20] + bytes(32))
        case .dns, .dns4, .dns6, .dnsaddr, .sni, .ip6zone: prefixed(name())
        case .unix: prefixed([UInt8(ascii: "/")] + name())
        case .httpPath: prefixed(bytes(1 + Int(next() % 30)))
        default: []
        }
    }
}
