// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SeedNode
import Sentinel
import SentinelClient
import Synchronization

/// Which connections the node keeps: those of protected peers whatever happens, and of the others as many as the
/// marks say. The connection manager decides, whoever it protects is known to the policies and to the helper, and
/// what is to be closed, by the manager or for a ban, the node closes.
final class Keeping: Sendable {
    private let node = Mutex<Node?>(nil)

    /// Closes a connection of the node that was given.
    func close(_ connection: Connection, _ reason: DisconnectReason) {
        node.withLock { $0 }?.close(connection, reason)
    }

    /// What closes connections closes this node's from now on.
    func begin(_ node: Node) {
        self.node.withLock { $0 = node }
    }

    func manager(
        _ configuration: BasicConnManager.Configuration, protecting peers: [PeerID],
        of gater: KernelGater<PolicySentinel>
    ) -> BasicConnManager {
        let manager = BasicConnManager(
            configuration, clock: Reloading.clock,
            protectionChanged: { peer, isProtected in
                gater.wrapped.observe(isProtected ? .protected(peer) : .unprotected(peer))
                if isProtected { gater.handOver.protect(peer) } else { gater.handOver.unprotect(peer) }
            }, close: { self.close($0, $1) })
        for peer in peers { manager.protect(peer, "configured") }
        return manager
    }
}

/// Tells two of everything.
struct BothNotified: Notifiee {
    let first: any Notifiee
    let second: any Notifiee

    func listening(on address: Multiaddr) {
        first.listening(on: address)
        second.listening(on: address)
    }

    func stoppedListening(on address: Multiaddr) {
        first.stoppedListening(on: address)
        second.stoppedListening(on: address)
    }

    func connected(_ connection: Connection) {
        first.connected(connection)
        second.connected(connection)
    }

    func disconnected(_ connection: Connection) {
        first.disconnected(connection)
        second.disconnected(connection)
    }
}
