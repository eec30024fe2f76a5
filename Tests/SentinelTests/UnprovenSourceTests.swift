// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Testing

/// Who can send in another's name must not choose whom this node blocks.
@Suite struct UnprovenSourceTests {
    /// Every policy, each alone and all together.
    static let chains = ["rate", "connections", "streams", "reputation", "widening", "shared", "all"]

    private func policies(_ chain: String) throws -> [any Policy] {
        let all: [any Policy] = [
            try FullChain.reputation(), try FullChain.rate(),
            try ConnectionLimits(
                name: "connections",
                limits: .init(
                    tiers: [.init(.ipv4, prefixLength: 24, .init(each: 1))], peer: .init(each: 2),
                    total: .init(each: 50)), plane: .userSpace),
            try FullChain.streams(), try FullChain.widening(), try FullChain.shared(),
        ]
        return chain == "all" ? all : all.filter { $0.name == chain }
    }

    @Test(arguments: chains, seeds)
    func `Unproven sources are slowed, never banned, and leave nothing behind`(chain: String, seed: UInt64)
        throws
    {
        let time = ManualTime()
        let policies = try seeded(policies(chain), HashSeed(seed, 1))
        let sentinel = try PolicySentinel(policies, clock: time.clock)
        var history = try History(seed, proofs: [.unproven], pace: 50)
        var addresses: Set<IPAddress> = []
        for _ in 0..<3000 {
            let step = try history.next()
            time.set(history.now)
            // Whom this node dials is where it sends to.
            if case .question(let question) = step, question.remote.direction == .outbound { continue }
            if case .event(let event) = step, event.remote.direction == .outbound { continue }
            let ruling = sentinel.take(step)
            guard case .question(let question) = step, question.check == .accept else { continue }
            addresses.formUnion([question.ipAddress].compactMap(\.self))
            #expect(ruling?.decision.denial?.plane ?? .userSpace == .userSpace)
            #expect(ruling?.decision.denial?.network == nil)
        }
        // Nor when the one comes itself in whose name they came.
        for address in addresses {
            // One after the other, so that they aren't too many for their block by themselves.
            time.set(time.clock().advanced(by: .seconds(10)))
            let denial = sentinel.allowConnection(.inbound(address)).denial
            #expect(denial?.plane ?? .userSpace == .userSpace, "\(denial?.description ?? "")")
            let scores = sentinel.withPolicy("reputation", as: Reputation.self) { $0.score(address, now: $1) }
            #expect(scores.allSatisfy { $0 == 0 })
            for length in address.family == .ipv4 ? [24] : [56] {
                let block = IPNetwork(containing: address, prefixLength: length)
                let counts = sentinel.withPolicy("widening", as: Widening.self) {
                    $0.sourceCount(block, now: $1)
                }
                #expect(counts.allSatisfy { $0 == 0 })
            }
        }
        if chain == "rate" || chain == "all" { #expect(sentinel.tallies.contains { $0.denied > 100 }) }
    }

    @Test func `Who sends in another's name slows those that do so, not the other`() throws {
        var policy = try FullChain.rate(burst: 3)
        let address = numbered(7)
        let forged = RemotePeer.inbound(address, source: .unproven)
        let passed = (0..<100).count { _ in passes(&policy, .accept, forged) }
        #expect(passed == 3)
        #expect(policy.tokens(address, .unproven, now: at(0)) == 0)
        #expect(policy.tokens(address, now: at(0)) == 3)
        #expect(passes(&policy, .accept, .inbound(address)))
        #expect(answer(&policy, .accept, forged).denial?.plane == .userSpace)
        // A reload doesn't mix them up.
        var other = try FullChain.rate(burst: 4)
        other.adopt(policy, now: at(0))
        #expect(other.tokens(address, .unproven, now: at(0)) == 1)
        #expect(other.tokens(address, now: at(0)) == 3)
    }
}
