// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Sentinel
import Synchronization

@testable import SeedNode

/// A sentinel that remembers what it was asked and told, and denies what it was made to.
final class RecordingSentinel: Sendable {
    enum Event: Hashable {
        case asked(Check)
        case askedStream(StreamType)
        case established, closed
        case opened(StreamType)
        case ended(StreamType)
        case misbehaved(Offence)
    }

    private let denied: Set<Check>
    private let deniedStream: StreamType?
    private let streamAction: StreamAction
    private let state = Mutex<(events: [Event], remotes: [RemotePeer])>(([], []))
    private let established = Mutex<[Connection]>([])

    init(
        denying denied: Set<Check> = [], stream: StreamType? = nil,
        streamAction: StreamAction = .endConnection
    ) {
        self.denied = denied
        self.streamAction = streamAction
        deniedStream = stream
    }

    /// What was asked and told, in order.
    var events: [Event] { state.withLock(\.events) }

    /// About whom, as far as it was a connection.
    var remotes: [RemotePeer] { state.withLock(\.remotes) }

    /// Those that have come about.
    var connections: [Connection] { established.withLock { $0 } }

    var gate: NodeGate {
        NodeGate(
            self,
            reporting: { event in
                if case .misbehaved(let offence, _) = event.kind {
                    self.note(.misbehaved(offence), event.remote)
                }
            })
    }

    /// What it denies with.
    func denial(_ check: Check) -> Denial {
        Denial(
            at: check, by: "test", reason: .denyListed, streamAction: streamAction,
            disconnectReason: .rateLimited)
    }

    private func note(_ event: Event, _ remote: RemotePeer? = nil) {
        state.withLock { state in
            state.events.append(event)
            if let remote { state.remotes.append(remote) }
        }
    }

    private func ask(_ check: Check, _ remote: RemotePeer? = nil) -> Decision {
        note(.asked(check), remote)
        return denied.contains(check) ? .deny(denial(check)) : .allow
    }
}

extension RecordingSentinel: ConnectionGater {
    func interceptPeerDial(_ peer: PeerID) -> Decision { ask(.peerDial) }
    func interceptAddressDial(_ peer: PeerID, _ address: Multiaddr) -> Decision { ask(.addressDial) }

    func interceptAccept(_ addresses: ConnectionAddresses) -> Decision {
        ask(.accept, RemotePeer(addresses: addresses, direction: .inbound))
    }

    func interceptSecured(
        _ direction: Direction, _ peer: PeerID, _ addresses: ConnectionAddresses
    ) -> Decision {
        ask(.secured, RemotePeer(id: peer, addresses: addresses, direction: direction))
    }

    func interceptUpgraded(
        _ connection: Connection
    ) -> (decision: Decision, reason: DisconnectReason) {
        let decision = ask(.upgraded, connection.remote)
        return (decision, decision.denial?.disconnectReason ?? .none)
    }
}

extension RecordingSentinel: ConnectionSentinel {
    func allowConnection(_ peer: RemotePeer) -> Decision { ask(.addressDial, peer) }

    func allowStream(_ peer: RemotePeer, _ type: StreamType) -> Decision {
        note(.askedStream(type), peer)
        return type == deniedStream ? .deny(denial(.stream)) : .allow
    }

    func connectionEstablished(_ peer: RemotePeer) {}
    func streamOpened(_ peer: RemotePeer, _ type: StreamType) { note(.opened(type), peer) }
    func streamClosed(_ peer: RemotePeer, _ type: StreamType) { note(.ended(type), peer) }
}

extension RecordingSentinel: Notifiee {
    func connected(_ connection: Connection) {
        established.withLock { $0.append(connection) }
        note(.established, connection.remote)
    }
    func disconnected(_ connection: Connection) { note(.closed, connection.remote) }
}
