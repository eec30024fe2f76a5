// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import SentinelProtocol
import Testing

@testable import SentinelHelper

@Suite struct TargetTests {
    @Test(arguments: [
        ("203.0.113.7", SentinelProtocol.Check.accept, "203.0.113.7"),
        ("2001:db8::7", .accept, "2001:db8::7"),
        ("::ffff:203.0.113.7", .accept, "203.0.113.7"), ("/ip4/203.0.113.7/tcp/8776", .accept, "203.0.113.7"),
        ("/ip6/2001:db8::7/udp/4001/quic-v1", .accept, "2001:db8::7"),
        ("tcp:203.0.113.7:8776", .dial, "tcp:203.0.113.7:8776"),
        ("/ip4/203.0.113.7/tcp/443/tls/ws", .dial, "tcp:203.0.113.7:443"),
        ("/ip6/2001:db8::7/udp/4001/quic-v1", .dial, "udp:[2001:db8::7]:4001"),
        ("203.0.113.0/24", .network, "203.0.113.0/24"), ("203.0.113.7", .network, "203.0.113.7/32"),
        ("::ffff:203.0.113.0/120", .network, "203.0.113.0/24"), ("::ffff:0:0/96", .network, "0.0.0.0/0"),
        ("::fffe:0:0/95", .network, "::fffe:0:0/95"), ("2001:db8::/32", .network, "2001:db8::/32"),
    ])
    func `A subject names what the kernel matches`(
        subject: String, check: SentinelProtocol.Check, target: String
    ) throws {
        #expect(try Target(subject, for: check).description == target)
    }

    @Test(arguments: [
        ("", SentinelProtocol.Check.accept, RefusalCode.malformed), ("example.org", .accept, .malformed),
        ("203.0.113.0/24", .accept, .malformed), ("203.0.113.7", .dial, .malformed),
        ("203.0.113.7/24", .network, .malformed), ("/ip4/203.0.113.7", .dial, .unmatchable),
        ("/dns4/example.org/tcp/443", .dial, .unmatchable), ("/ip4/300.0.0.1/tcp/1", .accept, .malformed),
        (
            "/ip4/203.0.113.7/tcp/4001/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA/p2p-circuit",
            .accept, .relayed
        ),
        ("/ip4/203.0.113.7/tcp/4001", .network, .unmatchable), ("fe80::1%eth0", .accept, .malformed),
        (String(repeating: "1", count: 100_000), .accept, .malformed),
    ])
    func `What the kernel can't match is refused with the reason`(
        subject: String, check: SentinelProtocol.Check, code: RefusalCode
    ) {
        let error = #expect(throws: RefusalError.self) { _ = try Target(subject, for: check) }
        #expect(error?.refusal.code == code)
        #expect(error.map { $0.refusal.message.utf8.count < 400 } == true)
    }

    @Test func `Control characters of a subject don't reach a message`() {
        #expect(quoted("a\u{1B}[2Jb\n\u{9B}") == "\"a?[2Jb??\"")
    }
}

@Suite struct BanCommentTests {
    @Test(arguments: [
        ("rate", "user:seed", false, 1, "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"),
        ("operator", "user:root", true, 12, nil),
    ])
    func `A comment reads back`(
        reason: String, caller: String, isOperators: Bool, strikes: Int, peer: String?
    ) throws {
        let key = BanKey(source: try #require(IPAddress("192.0.2.1")), ipv6Prefix: 64)
        let record = BanRecord(
            key: key, renewed: 0, created: 0, strikes: strikes, reason: reason, caller: caller,
            isOperators: isOperators, peer: peer)
        let comment = BanComment(record)
        #expect(comment.text.utf8.count <= BanComment.maximumLength)
        #expect(BanComment(comment.text) == comment)
    }

    @Test func `A peer that doesn't fit is left out, not cut`() throws {
        let key = BanKey(source: try #require(IPAddress("192.0.2.1")), ipv6Prefix: 64)
        let record = BanRecord(
            key: key, renewed: 0, created: 0, strikes: 1, reason: String(repeating: "r", count: 48),
            caller: "user:seed", isOperators: false, peer: String(repeating: "p", count: 100))
        #expect(BanComment(BanComment(record).text)?.peer == nil)
    }

    @Test(arguments: ["", "hello", "a by b", "a by b, strike x", "a by operator b c, strike 1"])
    func `Somebody else's comment isn't taken for ours`(text: String) {
        #expect(BanComment(text) == nil)
    }
}

@Suite struct GuardsTests {
    let guards = Guards(
        host: [
            (.ownAddress, ["192.0.2.1", "2001:db8::1"].compactMap { IPAddress($0) }),
            (.gateway, ["203.0.113.1"].compactMap { IPAddress($0) }),
            (.resolver, ["203.0.113.53", "127.0.0.53"].compactMap { IPAddress($0) }),
            (.operatorSession, ["203.0.113.99"].compactMap { IPAddress($0) }),
        ],
        exempt: ["198.51.100.0/24"].compactMap { IPNetwork($0) })

    @Test(arguments: [
        ("127.0.0.1", SentinelProtocol.Check.accept, GuardName.loopback), ("::1", .accept, .loopback),
        ("169.254.1.1", .accept, .linkLocal), ("fe80::1", .accept, .linkLocal),
        ("224.0.0.1", .accept, .multicast),
        ("ff02::1", .accept, .multicast), ("0.0.0.0", .accept, .unspecified), ("::", .accept, .unspecified),
        ("192.0.2.1", .accept, .ownAddress), ("2001:db8::1", .accept, .ownAddress),
        ("198.51.100.9", .accept, .exempt), ("tcp:192.0.2.1:80", .dial, .ownAddress),
        ("192.0.0.0/16", .network, .ownAddress), ("::ffff:127.0.0.1", .accept, .loopback),
        ("203.0.113.1", .accept, .gateway), ("203.0.113.0/24", .network, .gateway),
        ("203.0.113.32/27", .network, .resolver), ("127.0.0.53", .accept, .loopback),
        ("203.0.113.99", .accept, .operatorSession), ("203.0.113.96/29", .network, .operatorSession),
        ("0.0.0.0/0", .network, .loopback), ("::/0", .network, .loopback),
    ])
    func `What is guarded is refused, and by whom`(
        subject: String, check: SentinelProtocol.Check, name: GuardName
    ) throws {
        let target = try Target(subject, for: check)
        let error = #expect(throws: RefusalError.self) { try guards.check(target) }
        #expect(error?.refusal.code == .guarded)
        #expect(error?.refusal.guardName == name)
    }

    @Test(arguments: ["192.0.2.2", "2001:db8::2", "198.51.101.1"])
    func `Neighbours aren't guarded`(subject: String) throws {
        try guards.check(try Target(subject, for: .accept))
    }

    @Test func `The kernel is given ranges that don't overlap`() {
        let ranges = guards.ranges(.ipv4).map { "\($0.first)-\($0.last)" }
        #expect(
            ranges == [
                "0.0.0.0-0.255.255.255", "127.0.0.0-127.255.255.255", "169.254.0.0-169.254.255.255",
                "192.0.2.1-192.0.2.1", "198.51.100.0-198.51.100.255", "203.0.113.1-203.0.113.1",
                "203.0.113.53-203.0.113.53", "203.0.113.99-203.0.113.99", "224.0.0.0-239.255.255.255",
                "255.255.255.255-255.255.255.255",
            ])
    }
}
