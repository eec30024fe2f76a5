// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
public import NIOCore
public import Sentinel
internal import Synchronization

/// A seed node: it accepts and dials connections over TCP and UDP, asks its gate about each, and sends back
/// what comes in on the streams of those it accepted.
public final class Node: Sendable {
    public let identity: NodeIdentity
    public let configuration: NodeConfiguration
    public let statistics = NodeStatistics()

    let gate: NodeGate
    let group: any EventLoopGroup
    let streams = Occupancy()
    let open = OpenConnections()
    private let connections = Atomic<UInt64>(0)

    /// Makes a node that runs on `group`, which is to be shut down after it.
    public init(
        identity: NodeIdentity, gate: NodeGate = .open,
        configuration: NodeConfiguration = NodeConfiguration(), group: any EventLoopGroup
    ) {
        self.identity = identity
        self.gate = gate
        self.configuration = configuration
        self.group = group
    }

    /// Closes a connection soon, whichever side began it, and tells the other why. Nothing happens where it is closed
    /// already. For a hand-over that has heard of a ban, and for a connection manager that trims.
    public func close(_ connection: Connection, _ reason: DisconnectReason) {
        open.close(connection.id, reason)
    }

    /// Asks the gate about an inbound connection from a validated source. Nil where it denies.
    func accept(local: Endpoint, remote: Endpoint) -> PeerConnection? {
        statistics.count(.attempt)
        let info = describe(.inbound, local: local, remote: remote)
        guard gate.accept(info).isAllowed else {
            statistics.count(denial: .accept)
            return nil
        }
        return PeerConnection(accepting: info, over: remote.transport, as: identity, gate: gate)
    }

    /// A connection is only ever described to a gate when its remote address is known to be true: TCP's own
    /// handshake has shown it, or a cookie has, or this side dialed it.
    func describe(_ direction: Direction, local: Endpoint, remote: Endpoint) -> Connection {
        let id = Connection.ID(rawValue: connections.add(1, ordering: .relaxed).newValue)
        let addresses = ConnectionAddresses(
            local: Multiaddr(local), remote: Multiaddr(remote), source: .handshake)
        return Connection(
            id: id, remote: RemotePeer(addresses: addresses, direction: direction),
            security: ProtocolID("/seed-node/1"), multiplexer: ProtocolID("/seed-node/streams/1"))
    }
}
