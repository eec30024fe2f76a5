// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

/// Denials that aren't carried out: the receipt names what, and what to do about it.
@Suite(.timeLimit(.minutes(1))) struct RefusalTests {
    struct Refused: Sendable {
        var denial: Denial
        var code: RefusalCode
        var guardName: GuardName?
        /// What the message names, the remedy among it.
        var names: [String]
    }

    static func refused(
        _ subject: String, check: SentinelProtocol.Check = .accept, peer: String? = nil,
        reason: String = "rate",
        detail: String? = nil, duration: Int64? = nil, validated: Bool = true, _ code: RefusalCode,
        _ guardName: GuardName? = nil, _ names: String...
    ) -> Refused {
        Refused(
            denial: Denial(
                check: check, subject: subject, peer: peer, reason: reason, detail: detail,
                duration: duration.map { Milliseconds(rawValue: $0) }, validated: validated),
            code: code, guardName: guardName, names: names)
    }

    static let guarded: [Refused] = [
        refused("127.0.0.1", .guarded, .loopback, "127.0.0.1", "can't be a peer's"),
        refused("127.200.3.4", .guarded, .loopback), refused("::1", .guarded, .loopback),
        refused("::ffff:127.0.0.1", .guarded, .loopback, "127.0.0.1"),
        refused("/ip6/::ffff:127.0.0.1/tcp/4001", .guarded, .loopback, "127.0.0.1"),
        refused("169.254.1.1", .guarded, .linkLocal), refused("fe80::1", .guarded, .linkLocal),
        refused("224.0.0.1", .guarded, .multicast), refused("ff02::1", .guarded, .multicast),
        refused("255.255.255.255", .guarded, .multicast), refused("0.0.0.0", .guarded, .unspecified),
        refused("::", .guarded, .unspecified),
        refused("10.77.0.1", .guarded, .ownAddress, "10.77.0.1", "address of this host"),
        refused("tcp:10.77.0.1:4001", check: .dial, .guarded, .ownAddress, "10.77.0.1"),
        refused("2001:db8:77::1", .guarded, .ownAddress),
        refused("203.0.113.9", .guarded, .exempt, "203.0.113.9", "[exempt] addresses"),
        refused("udp:203.0.113.200:4001", check: .dial, .guarded, .exempt, "[exempt] addresses"),
        refused("2001:db8:5::7", .guarded, .exempt),
    ]

    static let unfit: [Refused] = [
        refused("192.0.2", .malformed, nil, #""192.0.2""#, "write 203.0.113.7"),
        refused("", .malformed, nil, "subject"), refused("192.0.2.1\u{1}\n", .malformed, nil, "192.0.2.1??"),
        refused("192.0.2.0/24", .malformed, nil, "write 203.0.113.7"),
        refused(String(repeating: "1", count: 5000), .malformed, nil, "5000 bytes", "1024"),
        refused("192.0.2.1", check: .dial, .malformed, nil, "write tcp:203.0.113.7:8776"),
        refused("tcp:192.0.2.1:99999", check: .dial, .malformed, nil, "99999"),
        refused("sctp:192.0.2.1:1", check: .dial, .malformed, nil, "sctp"),
        refused("/ip4/192.0.2.1/tcp", check: .dial, .malformed, nil, "/ip4/192.0.2.1/tcp"),
        refused(
            "/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA/p2p-circuit",
            check: .dial, .relayed, nil, "relay's", "keep denying it in the node"),
        refused(
            "/ip4/192.0.2.1/udp/4001/quic-v1/p2p-circuit", .relayed, nil, "keep denying it in the node"),
        refused(
            "/dns4/peer.example/tcp/4001", check: .dial, .unmatchable, nil, "keep denying it in the node"),
        refused("/dns/peer.example/tcp/4001", .unmatchable, nil, "keep denying it in the node"),
        refused("/ip4/192.0.2.1", check: .dial, .unmatchable, nil, "write tcp:203.0.113.7:8776"),
        refused("192.0.2.1", validated: false, .unvalidated, nil, "192.0.2.1", "deny it in the node"),
        refused("192.0.2.1", reason: "Rate", .malformed, nil, "reason", "a to z"),
        refused("192.0.2.1", reason: "", .malformed, nil, "reason"),
        refused("192.0.2.1", reason: "a\nb", .malformed),
        refused("192.0.2.1", reason: String(repeating: "a", count: 49), .malformed, nil, "48"),
        refused(
            "192.0.2.1", detail: String(repeating: "é", count: 101), .malformed, nil, "detail", "202", "200"),
        refused("192.0.2.1", peer: "", .malformed, nil, "peer"),
        refused("192.0.2.1", peer: "a b", .malformed, nil, #""a b""#),
        refused("192.0.2.1", peer: String(repeating: "a", count: 129), .malformed, nil, "128"),
        refused("192.0.2.1", duration: 0, .malformed, nil, "duration: 0", "1 ms"),
        refused("192.0.2.1", duration: -1, .malformed, nil, "duration: -1"),
        refused("192.0.2.1", duration: .min, .malformed, nil, "duration"),
        refused("192.0.2.1", duration: .max, .malformed, nil, "duration", "100 years"),
        refused("192.0.0.0/16", check: .network, .forbidden, nil, "192.0.0.0/16", "/24", "[node] widest4"),
        refused("::ffff:192.0.0.0/112", check: .network, .forbidden, nil, "192.0.0.0/16", "[node] widest4"),
        refused("2001:db8::/47", check: .network, .forbidden, nil, "/48", "[node] widest6"),
        refused("192.0.2.0/24", check: .network, validated: false, .unvalidated, nil, "deny it in the node"),
    ]

    private func withGuardedHelper(_ body: (RunningHelper) async throws -> Void) async throws {
        let configuration = RunningHelper.configuration {
            $0.exempt.addresses = ["203.0.113.9/32", "203.0.113.128/25", "2001:db8:5::/48"].compactMap {
                IPNetwork($0)
            }
        }
        let namespace = try await NetworkNamespace()
        for address in ["10.77.0.1/24", "2001:db8:77::1/64"] {
            try await namespace.command("ip", "address", "add", address, "dev", "lo")
        }
        try await withHelper(configuration, in: namespace, body)
    }

    private func expect(
        _ refused: [Refused], of helper: RunningHelper, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let receipts = try await helper.submit(refused.map(\.denial))
        #expect(receipts.count == refused.count)
        for (expected, receipt) in zip(refused, receipts) {
            let what = Comment("\(expected.denial.check) \(expected.denial.subject.prefix(60)): \(receipt)")
            #expect(!receipt.enforced && receipt.id == nil, what, sourceLocation: sourceLocation)
            #expect(receipt.subject == expected.denial.subject, what, sourceLocation: sourceLocation)
            let refusal = try #require(receipt.refusal, what, sourceLocation: sourceLocation)
            #expect(refusal.code == expected.code, what, sourceLocation: sourceLocation)
            #expect(refusal.guardName == expected.guardName, what, sourceLocation: sourceLocation)
            #expect(!refusal.message.isEmpty, what, sourceLocation: sourceLocation)
            for name in expected.names {
                #expect(refusal.message.contains(name), what, sourceLocation: sourceLocation)
            }
        }
        #expect(try await helper.list() == [], sourceLocation: sourceLocation)
        try await helper.expectToServe(sourceLocation: sourceLocation)
    }

    @Test func `What a guard protects is refused by the guard's name`() async throws {
        try await withGuardedHelper { helper async throws in try await expect(Self.guarded, of: helper) }
    }

    @Test func `What is malformed, relayed or not for the kernel is refused with what to do about it`()
        async throws
    {
        try await withGuardedHelper { helper async throws in try await expect(Self.unfit, of: helper) }
    }

    @Test(arguments: [
        ("127.0.0.0/30", GuardName.loopback), ("10.77.0.0/16", .ownAddress), ("0.0.0.0/0", .loopback),
        ("203.0.113.0/24", .exempt), ("2001:db8::/32", .ownAddress), ("2001:db8:5:1::/64", .exempt),
        ("::ffff:127.0.0.0/104", .loopback),
    ])
    func `An operator's block that holds something guarded is refused whole`(block: String, by: GuardName)
        async throws
    {
        try await withGuardedHelper { helper async throws in
            let refusal = try #require(try await helper.ban(.network, block).refusal)
            #expect(refusal.code == .guarded)
            #expect(refusal.guardName == by)
            #expect(try await helper.list() == [])
        }
    }

    @Test func `An operator's duration is above nothing, and for good where it is 0`() async throws {
        try await withHelper { helper async throws in
            for duration in [-1, Int64.min, .max] {
                let refusal = try await helper.ban(.accept, "192.0.2.1", duration: duration).refusal
                #expect(refusal?.code == .malformed)
                #expect(refusal?.message.contains("duration") == true)
            }
            let receipt = try await helper.ban(.accept, "192.0.2.1", duration: 0)
            #expect(receipt.enforced && receipt.expires == nil)
            #expect(
                try await helper.namespace.nftElements("inet", "sentinel", "accept4").map(\.timeout) == [nil])
        }
    }
}
