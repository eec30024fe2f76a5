// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel
internal import SentinelProtocol

/// What the kernel is to match.
enum Subject: Hashable, Sendable {
    /// Packets from this address: an accept denial.
    case source(IPAddress)
    /// Dials to this endpoint.
    case endpoint(Endpoint)
    /// Packets from and dials to a block: an accept denial that is about more than its source.
    case network(IPNetwork)

    /// As it is on the wire.
    var text: String {
        switch self {
        case .source(let address): address.description
        case .endpoint(let endpoint): endpoint.description
        case .network(let network): network.description
        }
    }
}

/// A denial on its way to the helper.
struct PendingDenial: Sendable {
    /// What denials are merged by. One with a wish for its duration and one without are not: which of them asks
    /// for more only the helper knows, and it goes by the later end.
    struct Key: Hashable, Sendable {
        var subject: Subject
        var hasWish: Bool
    }

    let subject: Subject
    var reason: Reason
    var detail: String
    var peer: PeerID?
    /// Until when the policy wishes it; nil where the configuration says.
    var deadline: MonotonicInstant?
    /// The peer whose denial at peer dial this carries out. What the receipt says of the end holds for it, too.
    var deniedPeer: PeerID?
    /// Of a block the address that was denied last.
    var source: IPAddress?
    /// Rises with each one that is queued.
    var order: UInt64 = 0

    var key: Key { Key(subject: subject, hasWish: deadline != nil) }

    /// Takes a later denial of the same key in: its reason, and the longer of both wishes.
    mutating func merge(_ later: PendingDenial) {
        reason = later.reason
        detail = later.detail
        peer = later.peer ?? peer
        deniedPeer = later.deniedPeer ?? deniedPeer
        source = later.source ?? source
        if let old = deadline, let new = later.deadline { deadline = max(old, new) }
    }

    /// Whether this asks for more than an earlier denial of the same key does. Wishes that differ by less than a
    /// second are the same one, told twice.
    func asksForMore(than earlier: PendingDenial) -> Bool {
        guard let deadline, let old = earlier.deadline else { return reason != earlier.reason }
        return deadline > old.advanced(by: .seconds(1))
    }

    /// What is left to ask for where the helper refuses a block: that the source is blocked. nil where this isn't
    /// a block's.
    var ofSourceAlone: PendingDenial? {
        guard case .network = subject, let source else { return nil }
        return PendingDenial(
            subject: .source(source), reason: reason, detail: detail, peer: peer, deadline: deadline)
    }

    /// As it is on the wire. The duration is what is left of it.
    func wire(now: MonotonicInstant) -> SentinelProtocol.Denial {
        let check: SentinelProtocol.Check =
            switch subject {
            case .source: .accept
            case .endpoint: .dial
            case .network: .network
            }
        return SentinelProtocol.Denial(
            check: check, subject: subject.text, peer: peer?.description, reason: reason.description,
            detail: detail.isEmpty ? nil : detail,
            duration: deadline.map { Self.wish(until: $0, now: now) },
            validated: true)
    }

    /// What is left until then, as a wish that the helper can read.
    static func wish(until deadline: MonotonicInstant, now: MonotonicInstant) -> Milliseconds {
        max(Milliseconds(min(now.duration(to: deadline), longestWish)), shortestWish)
    }

    /// The helper reads no longer ones: a hundred years.
    private static var longestWish: Duration { .seconds(36_500 * 86_400) }
    private static var shortestWish: Milliseconds { Milliseconds(rawValue: 1) }
}
