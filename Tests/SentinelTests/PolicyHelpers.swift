// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Testing

func ip(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

func block(_ text: String) throws -> IPNetwork { try #require(IPNetwork(text)) }

/// The peer of a number.
func peer(_ number: Int) throws -> PeerID {
    try PeerID(ed25519PublicKey: (0..<32).map { UInt8(truncatingIfNeeded: number >> ($0 % 8 * 8)) })
}

/// The numbered address of 198.18.0.0/15, which is for tests like these (RFC 2544).
func numbered(_ number: Int) -> IPAddress { .v4(IPv4Address(bits: 0xC612_0000 | UInt32(number))) }

extension RemotePeer {
    /// A connection to a peer that this node has dialled.
    static func outbound(_ address: IPAddress, id: PeerID?) -> RemotePeer {
        RemotePeer(dialling: id, at: Multiaddr(Endpoint(address: address, transport: .tcp, port: 4001)))
    }

    /// A peer behind a relay, whose address the relay's is.
    static func relayed(by address: IPAddress, id: PeerID? = nil) throws -> RemotePeer {
        let family = address.family == .ipv4 ? "ip4" : "ip6"
        return RemotePeer(
            id: id,
            address: try Multiaddr(parsing: "/\(family)/\(address)/tcp/1/p2p/\(Peers.sha256)/p2p-circuit"),
            direction: .inbound, source: .unproven)
    }
}

/// The answer so many milliseconds after the clock's start.
func answer(
    _ policy: inout some Policy, _ check: Check, _ remote: RemotePeer, _ stream: StreamType? = nil,
    _ time: Int64 = 0
) -> Verdict {
    policy.decide(Question(check, about: remote, stream: stream), now: at(time))
}

/// Whether it has nothing against it.
func passes(
    _ policy: inout some Policy, _ check: Check, _ remote: RemotePeer, _ stream: StreamType? = nil,
    _ time: Int64 = 0
) -> Bool {
    answer(&policy, check, remote, stream, time) == .pass
}

extension Policy {
    /// Tells it of something, so often.
    mutating func hear(_ event: Event, times: Int = 1, _ time: Int64 = 0) {
        for _ in 0..<times { observe(event, now: at(time)) }
    }
}

/// A chain as its documentation has it, in one instance and without locks.
struct PlainChain {
    var policies: [any Policy]

    mutating func rule(on question: Question, now: MonotonicInstant) -> Ruling {
        let ruling = answer(question, now)
        for index in policies.indices {
            policies[index].observe(question, denial: ruling.decision.denial, now: now)
        }
        return ruling
    }

    private mutating func answer(_ question: Question, _ now: MonotonicInstant) -> Ruling {
        var spared: Denial?
        for index in policies.indices {
            let verdict = policies[index].decide(question, now: now)
            if policies[index].isShadow { continue }
            if verdict == .admit { return Ruling(decision: .allow, spared: spared) }
            guard var denial = verdict.denial else { continue }
            var isSpared = false
            for reviewer in policies.indices where !isSpared {
                let review = policies[reviewer].review(denial, of: question, now: now)
                if policies[reviewer].isShadow { continue }
                switch review {
                case .uphold: break
                case .amend(let amended): denial = amended
                case .spare(let why):
                    denial.detail = why
                    isSpared = true
                }
            }
            if !isSpared { return Ruling(decision: .deny(denial), spared: spared) }
            spared = denial
        }
        return Ruling(decision: .allow, spared: spared)
    }

    mutating func observe(_ event: Event, now: MonotonicInstant) {
        for index in policies.indices { policies[index].observe(event, now: now) }
    }
}
