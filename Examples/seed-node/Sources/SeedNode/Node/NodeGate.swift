// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
public import Sentinel

/// Whom a node asks whether it may talk to someone, and whom it tells what came of it: the node's only seam
/// to a sentinel.
///
/// The questions come in this order, each at most once for a connection but that of streams. After a denial
/// none follows, and nothing has been done yet that the question was about. All are asked on the node's event
/// loops.
///
/// - peer dial: before a known peer is dialed at any of its endpoints;
/// - address dial: before each endpoint;
/// - accept: before anything is spent on an inbound connection, on TCP when it was accepted, on UDP when its
///   source has shown a cookie. Again where a UDP client says hello again, not having heard that it was
///   denied;
/// - secured: when the handshake has told who the other side is; who dials has not yet told who it is;
/// - upgraded: when streams could be opened from now on;
/// - stream: when the other side opens one.
///
/// It is told when a connection comes about and ends, when each stream does that the other side opens, and what the
/// other side does wrong: a handshake that comes to nothing, and a message that has no place where it comes.
public struct NodeGate: Sendable {
    private let gater: any ConnectionGater
    private let sentinel: any ConnectionSentinel
    private let notifiee: any Notifiee
    private let report: (@Sendable (Event) -> Void)?

    /// - Parameters:
    ///   - gater: asked about connections.
    ///   - sentinel: asked about streams, and told which were opened and ended. Also asked about a dial to whoever is
    ///     at an endpoint, for which a gater has no question.
    ///   - notifiee: told of connections.
    ///   - report: told of what no protocol here tells of: ``PolicySentinel/observe(_:)``.
    public init(
        gater: any ConnectionGater, streams sentinel: any ConnectionSentinel,
        notifying notifiee: any Notifiee,
        reporting report: (@Sendable (Event) -> Void)? = nil
    ) {
        self.gater = gater
        self.sentinel = sentinel
        self.notifiee = notifiee
        self.report = report
    }

    /// One that is all three, as a ``PolicySentinel`` is.
    public init(
        _ all: some ConnectionGater & ConnectionSentinel & Notifiee,
        reporting report: (@Sendable (Event) -> Void)? = nil
    ) {
        self.init(gater: all, streams: all, notifying: all, reporting: report)
    }

    /// Allows everything.
    public static var open: NodeGate { NodeGate(OpenSentinel()) }
}

extension NodeGate {
    func peerDial(_ peer: PeerID) -> Decision {
        gater.interceptPeerDial(peer)
    }

    func addressDial(_ peer: PeerID?, at endpoint: Endpoint) -> Decision {
        let address = Multiaddr(endpoint)
        guard let peer else { return sentinel.allowConnection(RemotePeer(dialling: nil, at: address)) }
        return gater.interceptAddressDial(peer, address)
    }

    func accept(_ connection: Connection) -> Decision {
        guard let addresses = connection.remote.addresses else { return .allow }
        return gater.interceptAccept(addresses)
    }

    func secured(_ connection: Connection, _ peer: PeerID) -> Decision {
        guard let addresses = connection.remote.addresses else { return .allow }
        return gater.interceptSecured(connection.remote.direction, peer, addresses)
    }

    func upgraded(_ connection: Connection) -> (decision: Decision, reason: DisconnectReason) {
        gater.interceptUpgraded(connection)
    }

    func stream(_ type: StreamType, on connection: Connection) -> Decision {
        sentinel.allowStream(connection.remote, type)
    }

    func established(_ connection: Connection) {
        notifiee.connected(connection)
    }

    func opened(_ type: StreamType, on connection: Connection) {
        sentinel.streamOpened(connection.remote, type)
    }

    func closed(_ type: StreamType, on connection: Connection) {
        sentinel.streamClosed(connection.remote, type)
    }

    func misbehaved(_ offence: Offence, on connection: Connection) {
        report?(.misbehaved(connection.remote, offence))
    }

    func closed(_ connection: Connection) {
        notifiee.disconnected(connection)
    }
}

extension RemotePeer {
    /// Both ends; nil where the other one's address isn't known, as no connection's is.
    fileprivate var addresses: ConnectionAddresses? {
        address.map { ConnectionAddresses(local: localAddress, remote: $0, source: source) }
    }
}

/// A sentinel that allows everything.
private struct OpenSentinel: ConnectionGater, ConnectionSentinel, Notifiee {
    func interceptPeerDial(_ peer: PeerID) -> Decision { .allow }
    func interceptAddressDial(_ peer: PeerID, _ address: Multiaddr) -> Decision { .allow }
    func interceptAccept(_ addresses: ConnectionAddresses) -> Decision { .allow }
    func interceptSecured(
        _ direction: Direction, _ peer: PeerID, _ addresses: ConnectionAddresses
    ) -> Decision { .allow }
    func interceptUpgraded(
        _ connection: Connection
    ) -> (decision: Decision, reason: DisconnectReason) { (.allow, .none) }
    func allowConnection(_ peer: RemotePeer) -> Decision { .allow }
    func allowStream(_ peer: RemotePeer, _ type: StreamType) -> Decision { .allow }
    func connectionEstablished(_ peer: RemotePeer) {}
    func streamOpened(_ peer: RemotePeer, _ type: StreamType) {}
}
