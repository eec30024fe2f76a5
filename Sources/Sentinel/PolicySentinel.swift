// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Synchronization

/// Decides by a chain of policies: the node's sentinel, its gater and its notifiee in one.
///
/// The policies are asked in their order; the first that denies decides, the first that admits ends the asking,
/// and where none does either, it is allowed. Every policy is told every decision and event, those that weren't
/// asked as well.
///
/// A node asks either by the methods of ``ConnectionSentinel`` or by those of ``ConnectionGater``, and reports a
/// connection either by ``connectionEstablished(_:)`` or as a ``Notifiee``: whoever does both is counted twice.
/// All methods may be called from any thread.
public final class PolicySentinel: Sendable {
    private let clock: MonotonicClock
    private let policies: Mutex<[any Policy]>

    /// - Parameters:
    ///   - policies: the chain, the first to be asked first. Their names must differ.
    ///   - clock: tells the time that the policies count in.
    /// - Throws: `malformed` where two policies have the same name.
    public init(_ policies: [any Policy], clock: @escaping MonotonicClock) throws(SentinelError) {
        var names: Set<String> = []
        for policy in policies where !names.insert(policy.name).inserted {
            throw SentinelError(
                .malformed, in: "policy \(policy.name)", remedy: "each policy needs a name of its own")
        }
        self.clock = clock
        self.policies = Mutex(policies)
    }

    /// The chain's names, in their order.
    public var policyNames: [String] {
        policies.withLock { $0.map(\.name) }
    }

    /// Calls `body` with the policy of this name and type, under the lock: to add to a list, or to look at a
    /// bucket. No check is answered meanwhile.
    ///
    /// - Returns: what `body` gives, nil where there is no such policy.
    public func withPolicy<Kind: Policy, Result: Sendable>(
        _ name: String, as kind: Kind.Type, _ body: (inout Kind, MonotonicInstant) -> Result
    ) -> Result? {
        let now = clock()
        return policies.withLock { policies in
            guard let index = policies.firstIndex(where: { $0.name == name }),
                var policy = policies[index] as? Kind
            else { return nil }
            // Taken out meanwhile, or changing it would copy it.
            policies[index] = Vacancy(name: name)
            defer { policies[index] = policy }
            return body(&policy, now)
        }
    }

    /// The answer to a question.
    public func decide(_ question: Question) -> Decision {
        let now = clock()
        return policies.withLock { policies in
            var denial: Denial?
            asking: for index in policies.indices {
                switch policies[index].decide(question, now: now) {
                case .pass: continue
                case .admit: break asking
                case .deny(let reason):
                    denial = reason
                    break asking
                }
            }
            for index in policies.indices {
                policies[index].observe(question, denial: denial, now: now)
            }
            return denial.map(Decision.deny) ?? .allow
        }
    }

    /// Tells every policy what has happened.
    public func observe(_ event: Event) {
        let now = clock()
        policies.withLock { policies in
            for index in policies.indices {
                policies[index].observe(event, now: now)
            }
        }
    }
}

/// Keeps a policy's place in the chain while the policy is taken out.
private struct Vacancy: Policy {
    let name: String

    mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict { .pass }
}

extension PolicySentinel: ConnectionSentinel {
    public func allowConnection(_ peer: RemotePeer) -> Decision {
        decide(Question(allowConnection: peer))
    }

    public func allowStream(_ peer: RemotePeer, _ type: StreamType) -> Decision {
        decide(Question(.stream, about: peer, stream: type))
    }

    public func connectionEstablished(_ peer: RemotePeer) {
        observe(.connectionEstablished(peer))
    }

    public func streamOpened(_ peer: RemotePeer, _ type: StreamType) {
        observe(.streamOpened(peer, type))
    }
}

extension PolicySentinel: ConnectionGater {
    public func interceptPeerDial(_ peer: PeerID) -> Decision {
        decide(Question(.peerDial, about: RemotePeer(dialling: peer)))
    }

    public func interceptAddressDial(_ peer: PeerID, _ address: Multiaddr) -> Decision {
        decide(Question(.addressDial, about: RemotePeer(dialling: peer, at: address)))
    }

    public func interceptAccept(_ addresses: ConnectionAddresses) -> Decision {
        decide(Question(.accept, about: RemotePeer(addresses: addresses, direction: .inbound)))
    }

    public func interceptSecured(
        _ direction: Direction, _ peer: PeerID, _ addresses: ConnectionAddresses
    ) -> Decision {
        decide(Question(.secured, about: RemotePeer(id: peer, addresses: addresses, direction: direction)))
    }

    public func interceptUpgraded(
        _ connection: Connection
    ) -> (decision: Decision, reason: DisconnectReason) {
        let decision = decide(Question(.upgraded, about: connection.remote))
        return (decision, decision.denial?.disconnectReason ?? .none)
    }
}

extension PolicySentinel: Notifiee {
    public func connected(_ connection: Connection) {
        observe(.connectionEstablished(connection.remote))
    }

    public func disconnected(_ connection: Connection) {
        observe(.connectionClosed(connection.remote))
    }
}
