// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Synchronization

extension Stress {
    static func chain(_ rate: Int) throws -> [any Policy] {
        [
            AccessList(name: "deny", effect: .deny, keepsEntries: true),
            try SourceRate(
                name: "rate",
                limits: .init(
                    tiers: [
                        .init(.ipv4, prefixLength: 32, rate: TokenRate(rate, per: .seconds(1), burst: 8)),
                        .init(.ipv6, prefixLength: 56, rate: TokenRate(rate, per: .seconds(1), burst: 8)),
                        .init(.ipv6, prefixLength: 48, rate: TokenRate(rate, per: .seconds(1), burst: 64)),
                    ], peer: TokenRate(rate, per: .seconds(1), burst: 8))),
            try ConnectionLimits(
                name: "connections",
                limits: .init(
                    tiers: [.init(.ipv4, prefixLength: 24, .init(each: 8))], peer: .init(each: 4),
                    total: .init(each: 256))),
            try StreamLimits(
                name: "streams",
                limits: [.git: .init(rate: TokenRate(1, per: .seconds(60), burst: 5), open: 4)]),
            Reputation(name: "reputation", terms: try .init(thresholds: .init(avoid: 64, ban: 128))),
            try Widening(name: "widening", terms: .standard),
            SharedAddresses(name: "shared", terms: try .init()),
            Shadowed(try SourceRate(name: "shadow", limits: .heartwood)),
        ]
    }

    /// Checks, events, entries, looks and reloads, all at the same time.
    static func sentinel() throws {
        let sentinel = try PolicySentinel(chain(50), clock: clock)
        let strangers = try Strangers()
        let faults = Atomic<Int>(0)
        together { thread, random in
            for round in 0..<rounds {
                let remote = strangers.remote(&random)
                ask(sentinel, remote, &random)
                switch (thread, round % 97) {
                case (0, 0):
                    if (try? sentinel.replacePolicies(chain(round % 2 == 0 ? 50 : 60))) == nil {
                        faults.wrappingAdd(1, ordering: .relaxed)
                    }
                case (1, 0):
                    sentinel.withPolicy("deny", as: AccessList.self) { list, now in
                        guard let address = remote.ipAddress else { return }
                        try? list.insert(
                            .address(address), reason: .denyListed, for: .milliseconds(2), now: now)
                    }
                case (2, 0): _ = sentinel.tallies
                default: break
                }
            }
        }
        promise(
            faults.load(ordering: .relaxed) == 0 && sentinel.policyNames.count == 8,
            "a sentinel is asked, told and reloaded by \(threads) threads at once")
        let counted = sentinel.withPolicy("connections", as: ConnectionLimits.self) { policy, _ in
            policy.count(.inbound) + policy.count(.outbound)
        }
        promise(counted.allSatisfy { $0 == 0 }, "each connection that was counted is counted off again")
    }

    private static func ask(
        _ sentinel: PolicySentinel, _ remote: RemotePeer, _ random: inout SystemRandomNumberGenerator
    ) {
        guard let peer = remote.id, let address = remote.address else { return }
        let addresses = ConnectionAddresses(local: nil, remote: address, source: remote.source)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: _ = sentinel.interceptPeerDial(peer)
        case 1: _ = sentinel.interceptAddressDial(peer, address)
        case 2: _ = sentinel.interceptAccept(addresses)
        case 3: _ = sentinel.interceptSecured(remote.direction, peer, addresses)
        case 4:
            sentinel.connectionEstablished(remote)
            if sentinel.allowStream(remote, .git).isAllowed {
                sentinel.streamOpened(remote, .git)
                sentinel.streamClosed(remote, .git)
            }
            sentinel.observe(.connectionClosed(remote))
        default:
            sentinel.observe(.misbehaved(remote, .timeout))
            sentinel.observe(Bool.random(using: &random) ? .protected(peer) : .unprotected(peer))
        }
    }
}
