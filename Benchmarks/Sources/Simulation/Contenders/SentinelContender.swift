// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel

/// The recommended chain, asked and told as a node does, whose denials at accept go to the kernel as
/// `KernelGater` hands them over.
struct SentinelContender: Contender {
    static let name = "sentinel"
    static let title = "the recommended chain, with the kernel plane"

    private let clock: VirtualClock
    private let sentinel: PolicySentinel

    init(seed: UInt64) throws(SentinelError) {
        let clock = VirtualClock()
        var generator = SeededGenerator(seed)
        let policies = try PolicySentinel.recommendedPolicies(
            lists: [
                AccessList(name: "allow", effect: .admit, seed: HashSeed(generator.next(), generator.next())),
                AccessList(name: "deny", effect: .deny, seed: HashSeed(generator.next(), generator.next())),
            ],
            seed: { HashSeed(generator.next(), generator.next()) })
        let seed = HashSeed(generator.next(), generator.next())
        sentinel = try PolicySentinel(policies, clock: { clock.now }, seed: seed)
        self.clock = clock
    }

    /// What each policy has decided.
    var tallies: [PolicyTally] { sentinel.tallies }

    mutating func accept(_ visit: borrowing Visit, at now: Int64) -> Answer {
        clock.now = MonotonicInstant(nanoseconds: now)
        return answer(sentinel.interceptAccept(addresses(visit)), visit)
    }

    mutating func secured(_ visit: borrowing Visit, at now: Int64) -> Answer {
        clock.now = MonotonicInstant(nanoseconds: now)
        return answer(sentinel.interceptSecured(.inbound, visit.peer, addresses(visit)), visit)
    }

    mutating func upgraded(_ visit: borrowing Visit, at now: Int64) -> Answer {
        clock.now = MonotonicInstant(nanoseconds: now)
        return answer(sentinel.interceptUpgraded(connection(visit)).decision, visit)
    }

    mutating func stream(_ visit: borrowing Visit, _ type: StreamType, at now: Int64) -> Answer {
        clock.now = MonotonicInstant(nanoseconds: now)
        return answer(sentinel.allowStream(remote(visit), type), visit)
    }

    mutating func observe(_ event: NodeEvent, of visit: borrowing Visit, at now: Int64) {
        clock.now = MonotonicInstant(nanoseconds: now)
        let remote = remote(visit)
        switch event {
        case .established: sentinel.connected(connection(visit))
        case .closed: sentinel.disconnected(connection(visit))
        case .streamOpened(let type): sentinel.streamOpened(remote, type)
        case .streamClosed(let type): sentinel.streamClosed(remote, type)
        case .misbehaved(.failedHandshake):
            // Nobody has shown who he is.
            sentinel.observe(.misbehaved(self.remote(visit, id: nil), .failedHandshake))
        case .misbehaved(let offence): sentinel.observe(.misbehaved(remote, offence))
        case .behaved: sentinel.observe(.behaved(remote))
        }
    }
}

// MARK: - In the library's terms

extension SentinelContender {
    /// TCP, which has shaken hands before it is accepted.
    private func addresses(_ visit: borrowing Visit) -> ConnectionAddresses {
        let remote = Multiaddr(Endpoint(address: visit.address, transport: .tcp, port: visit.port))
        return ConnectionAddresses(local: nil, remote: remote, source: .ofAccepted(from: remote))
    }

    private func remote(_ visit: borrowing Visit, id: PeerID?) -> RemotePeer {
        RemotePeer(id: id, addresses: addresses(visit), direction: .inbound)
    }

    private func remote(_ visit: borrowing Visit) -> RemotePeer { remote(visit, id: visit.peer) }

    private func connection(_ visit: borrowing Visit) -> Connection {
        Connection(id: .init(rawValue: UInt64(visit.arrival)), remote: remote(visit))
    }

    /// A denial goes to the kernel where it is the kernel's, and the source has proven its address.
    private func answer(_ decision: Decision, _ visit: borrowing Visit) -> Answer {
        guard let denial = decision.denial else { return .allow }
        if denial.check == .stream, denial.streamAction == .refuseStream { return .refuseStream }
        guard denial.check == .accept, denial.plane == .kernel, denial.source == .handshake else {
            return .deny(nil)
        }
        return .deny(
            BanRequest(
                subject: denial.network.map { .network($0) } ?? .source(visit.address),
                term: denial.duration.map { .wish($0) } ?? .configured))
    }
}
