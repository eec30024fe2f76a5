// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import PolicyReader
import Sentinel
import SentinelConfiguration
import Testing

private let peer = "12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X"
private let start = MonotonicInstant(nanoseconds: 1_000_000_000)

/// The only policy of a chain.
private func policy<Kind: Policy>(_ text: String, as kind: Kind.Type, lists: [String: String] = [:]) throws
    -> Kind
{
    let chain = try chain("[[policy]]\n" + text, lists: lists, now: start)
    #expect(chain.links.count == 1 && chain.notes.isEmpty)
    return try #require(chain.policies.first as? Kind)
}

@Suite struct ReadingTests {
    @Test func `The order of the file is that of the chain`() throws {
        let chain = try chain(
            """
            [[policy]]
            kind = "shared-addresses"
            name = "z"
            [[policy]]
            kind = "allow"

            [[policy]]
            kind = "rate"
            name = "a"
            preset = "heartwood"
            """)
        #expect(chain.policies.map(\.name) == ["z", "allow", "a"])
        #expect(chain.links.map(\.kind) == ["shared-addresses", "allow", "rate"])
        #expect(chain.links.map(\.line) == [1, 4, 7])
        _ = try PolicySentinel(chain.policies, clock: { start })
    }

    @Test(arguments: [
        ("allow", AccessList.Effect.admit, Reason.allowListed), ("deny", .deny, .denyListed),
        ("require", .require, .allowListed),
    ])
    func `A list has whom the file names`(kind: String, effect: AccessList.Effect, reason: Reason) throws {
        let list = try policy(
            """
            kind = "\(kind)"
            name = "list"
            peers = ["\(peer)"]
            addresses = ["203.0.113.7", "2001:db8::/32"]
            endpoints = ["tcp:192.0.2.1:8776"]
            checks = ["accept", "address-dial"]
            """, as: AccessList.self)
        #expect(list.effect == effect && list.name == "list" && list.checks == [.accept, .addressDial])
        #expect(list.counts == (1, 1, 1, 1))
        let entry = AccessList.Entry(reason: reason, expires: nil)
        #expect(list.entry(for: try PeerID(parsing: peer), now: start) == entry)
        #expect(list.entry(for: try #require(IPAddress("203.0.113.7")), now: start) == entry)
        #expect(list.entry(for: try #require(IPAddress("2001:db8:7::1")), now: start) == entry)
        #expect(list.entry(for: try #require(Endpoint("tcp:192.0.2.1:8776")), now: start) == entry)
        #expect(list.entry(for: try #require(Endpoint("udp:192.0.2.1:8776")), now: start) == nil)
    }

    @Test func `An entry has its own reason, and ends when the wall clock says so`() throws {
        let list = try policy(
            """
            kind = "deny"
            reason = "abuse"
            entries = [
                { subject = "203.0.113.7", until = 2026-01-01T12:00:10Z },
                { subject = "203.0.113.8", reason = "flood", until = 2026-01-01T13:00:10+01:00 },
                { subject = "203.0.113.9" },
            ]
            """, as: AccessList.self)
        func entry(_ address: String, after seconds: Int) throws -> AccessList.Entry? {
            list.entry(for: try #require(IPAddress(address)), now: start.advanced(by: .seconds(seconds)))
        }
        #expect(try entry("203.0.113.7", after: 9)?.reason.description == "abuse")
        #expect(try entry("203.0.113.7", after: 11) == nil)
        #expect(try entry("203.0.113.8", after: 9)?.reason.description == "flood")
        #expect(try entry("203.0.113.8", after: 11) == nil)
        #expect(try entry("203.0.113.9", after: 1 << 30)?.reason.description == "abuse")
    }

    @Test func `An entry that has ended is left out, and noted with its line`() throws {
        let chain = try chain(
            """
            [[policy]]
            kind = "require"
            entries = [
                { subject = "203.0.113.7", until = 2026-01-01T12:00:00Z },
            ]
            """)
        #expect((chain.policies[0] as? AccessList)?.count == 0)
        #expect(
            chain.notes.map(\.description) == [
                "f:4: [[policy.entries]] until: 2026-01-01T12:00:00Z is past, so 203.0.113.7 is not on the list; "
                    + "remove the entry, or give it another end"
            ])
    }

    @Test func `A list in a file of its own is read with what the file says beside it`() throws {
        let list = try policy(
            """
            kind = "deny"
            reason = "feed"
            file = "lists/enemies.txt"
            entries = [{ subject = "203.0.113.7", reason = "mine" }]
            """, as: AccessList.self,
            lists: [
                "lists/enemies.txt":
                    "# a feed\r\n\n203.0.113.7\r\n 203.0.113.8 # why\n2001:db8::/32\n\(peer)\n"
                    + "tcp:[2001:db9::1]:1\n203.0.113.8"
            ])
        #expect(list.counts == (1, 2, 1, 1))
        func reason(_ address: String) throws -> String? {
            list.entry(for: try #require(IPAddress(address)), now: start)?.reason.description
        }
        #expect(try reason("203.0.113.7") == "mine")
        #expect(try reason("203.0.113.8") == "feed")
    }

    @Test func `A rate is a preset's, with what the file says in its place`() throws {
        let rate = try policy("kind = \"rate\"\npreset = \"libp2p\"", as: SourceRate.self)
        #expect(try rate.limits == .libp2p)
        #expect(
            rate.checks == .accept && rate.plane == .kernel && rate.capacity == SourceRate.defaultCapacity)
        let own = try policy(
            """
            kind = "rate"
            preset = "heartwood"
            tiers = [{ family = "ipv6", prefix = 48, rate = "30/h" }]
            peer = { rate = "1/10m", burst = 5 }
            exempt_loopback = false
            plane = "user-space"
            checks = ["accept", "secured"]
            capacity = 2048
            """, as: SourceRate.self)
        #expect(
            try own.limits
                == SourceRate.Limits(
                    tiers: [
                        .init(.ipv6, prefixLength: 48, rate: TokenRate(30, per: .seconds(3600), burst: 30))
                    ],
                    peer: TokenRate(1, per: .seconds(600), burst: 5), exemptsLoopback: false))
        #expect(own.checks == [.accept, .secured] && own.plane == .userSpace && own.capacity == 2048)
        let preset = try policy(
            "kind = \"rate\"\npreset = \"heartwood\"\npeer = { rate = \"1/s\" }", as: SourceRate.self)
        #expect(
            try preset.limits.tiers == SourceRate.Limits.heartwood.tiers && preset.limits.peer?.burst == 1)
    }

    @Test func `Connections are limited by blocks, peers and all together`() throws {
        let limits = try policy(
            """
            kind = "connections"
            tiers = [{ family = "ipv4", prefix = 24, inbound = 3 }, { family = "ipv6", prefix = 64, outbound = 4 }]
            total = { inbound = 9, outbound = 8 }
            plane = "kernel"
            """, as: ConnectionLimits.self)
        #expect(
            try limits.limits
                == ConnectionLimits.Limits(
                    tiers: [
                        .init(.ipv4, prefixLength: 24, .init(inbound: 3)),
                        .init(.ipv6, prefixLength: 64, .init(outbound: 4)),
                    ], total: .init(inbound: 9, outbound: 8)))
        #expect(limits.plane == .kernel)
    }

    @Test func `Streams are limited by type, over the preset`() throws {
        let limits = try policy(
            """
            kind = "streams"
            preset = "radicle"
            types.git = { open = 4, action = "refuse-stream" }
            [policy.types."/ipfs/id/1.0.0"]
            rate = "2/s"
            burst = 7
            open = 3
            [policy.others]
            rate = "1/s"
            """, as: StreamLimits.self)
        var expected = try StreamLimits.radicle
        expected[.git] = try .init(open: 4, action: .refuseStream)
        expected[.custom(try ProtocolID(parsing: "/ipfs/id/1.0.0"))] = try .init(
            rate: TokenRate(2, per: .seconds(1), burst: 7), open: 3)
        #expect(limits.limits == expected)
        #expect(try limits.others == .init(rate: TokenRate(1, per: .seconds(1), burst: 1)))
    }

    @Test func `Reputation, widening and shared addresses are as the file has them`() throws {
        let reputation = try policy(
            """
            kind = "reputation"
            avoid = 2.5
            ban = 8
            half_life = "10m"
            ipv6_prefix = 48
            plane = "user-space"
            severity = { timeout = "low", failed-handshake = "high" }
            """, as: Reputation.self)
        var severities = Reputation.Terms.defaultSeverities
        severities[.timeout] = .low
        severities[.failedHandshake] = .high
        #expect(
            try reputation.terms
                == Reputation.Terms(
                    thresholds: .init(avoid: 2.5, ban: 8), halfLife: .seconds(600), severities: severities,
                    prefixLength6: 48))
        #expect(reputation.plane == .userSpace)
        let widening = try policy(
            """
            kind = "widening"
            levels = [{ family = "ipv4", prefix = 20, sources = 30 }]
            within = "2h"
            duration = "1d"
            """, as: Widening.self)
        #expect(
            try widening.terms
                == Widening.Terms(
                    levels: [.init(.ipv4, prefixLength: 20, sources: 30)], within: .seconds(7200),
                    duration: .seconds(86_400)))
        let shared = try policy(
            """
            kind = "shared-addresses"
            bad_share = 1
            bad_after = 5
            forget_after = "2h"
            probation = "0s"
            newcomers = { rate = "2/s", burst = 3 }
            capacity = 1024
            """, as: SharedAddresses.self)
        #expect(
            try shared.terms
                == SharedAddresses.Terms(
                    badShare: 1, badAfter: 5, forgetAfter: .seconds(7200), probation: .zero,
                    newcomers: TokenRate(2, per: .seconds(1), burst: 3)))
        #expect(shared.capacity == 1024)
    }

    @Test func `A shadow is the policy's`() throws {
        let shadow = try policy(
            "kind = \"rate\"\npreset = \"libp2p\"\nname = \"trial\"\nshadow = true", as: Shadowed.self)
        #expect(shadow.policy is SourceRate && shadow.name == "trial")
        #expect(try policy("kind = \"widening\"\nshadow = true", as: Shadowed.self).policy is Widening)
        #expect(
            try !policy("kind = \"rate\"\npreset = \"libp2p\"\nshadow = false", as: SourceRate.self).isShadow)
    }

    @Test func `Shared addresses before what they spare are noted`() throws {
        let chain = try chain(
            "[[policy]]\nkind = \"shared-addresses\"\n[[policy]]\nkind = \"rate\"\npreset = \"libp2p\"")
        #expect(
            chain.notes.map(\.description) == [
                "f:2: [[policy]] kind: stands before rate, whose denials it spares, and isn't asked about them; put it "
                    + "behind, as the last policy"
            ])
    }

    @Test func `JSON has the file's keys, with every default`() throws {
        let chain = try chain(
            """
            [[policy]]
            kind = "deny"
            addresses = ["203.0.113.0/24"]
            checks = ["accept"]
            [[policy]]
            kind = "widening"
            shadow = false
            levels = [{ family = "ipv4", prefix = 24, sources = 8 }]
            """)
        #expect(
            try chain.json
                == #"{"policy":[{"checks":["accept"],"entries":[{"reason":"deny-listed","subject":"203.0.113.0/24"}],"#
                + #""kind":"deny","line":1,"name":"deny","shadow":false},{"capacity":16384,"kind":"widening","#
                + #""levels":[{"family":"ipv4","prefix":24,"sources":8}],"line":5,"name":"widening","shadow":false,"#
                + #""within":"1h"}]}"#)
    }

    @Test func `Words say what each policy does`() throws {
        let chain = try chain(
            """
            [[policy]]
            kind = "deny"
            name = "enemies"
            addresses = ["203.0.113.0/24", "203.0.113.7", "192.0.2.1"]
            [[policy]]
            kind = "rate"
            shadow = true
            tiers = [{ family = "ipv4", prefix = 32, rate = "5/s", burst = 20 }]
            peer = { rate = "1/7s" }
            """)
        #expect(
            chain.description == """
                1. enemies (deny, line 1)
                   denies who is on it: 2 addresses and 1 block; asked at every check
                2. rate (rate, line 5, a shadow: what it says is counted, and let pass)
                   each IPv4 address may come 5/s, 20 at once
                   each peer may come 1/7s, 1 at once
                   counted at accept, loopback exempt; its denials at accept and dial go to the kernel
                """)
    }
}
