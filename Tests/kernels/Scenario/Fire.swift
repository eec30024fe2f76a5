// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc
internal import Inet
internal import NamespaceSupport
internal import Synchronization

/// Datagrams from a banned peer and from its neighbour without a pause, counted where they arrive.
final class Fire: Sendable {
    /// What came of them.
    struct Outcome: Sendable, CustomStringConvertible {
        var sent = 0
        var bannedArrived = 0
        var neighbourArrived = 0

        /// Nothing of the banned one's came through, and it wasn't for lack of trying.
        var isShutOut: Bool { sent > 0 && bannedArrived == 0 && neighbourArrived > 0 }

        var description: String {
            "\(sent) sent by each; arrived from the banned peer \(bannedArrived), from its neighbour \(neighbourArrived)"
        }
    }

    private let outcome = Mutex(Outcome())
    private let isOver = Atomic(false)

    private init() {}

    /// Opens fire. Returns once the neighbour's first datagram has arrived.
    static func start(on stage: Stage) async throws -> Fire {
        let fire = Fire()
        let node = try await stage.link.node.run {
            try TestSocket(
                .udp, at: Link.address(Link.node4), port: Stage.port, patience: .milliseconds(100))
        }
        let shooters = try await stage.link.peer.run {
            try [Stage.banned4, Stage.neighbour4].map { address in
                let socket = try TestSocket(.udp, at: Link.address(address))
                guard socket.connect(to: Link.address(Link.node4), port: Stage.port) == .ok else {
                    throw SupportError("\(address) can't address the node")
                }
                return socket
            }
        }
        Task.detached { try await onFreshThread { fire.shoot(shooters) } }
        Task.detached { try await onFreshThread { fire.count(at: node) } }
        guard try await soon({ fire.outcome.withLock { $0.neighbourArrived > 0 } }) else {
            throw SupportError("no datagram of the neighbour arrives")
        }
        return fire
    }

    private func shoot(_ shooters: [TestSocket]) {
        while !isOver.load(ordering: .relaxed) {
            _ = shooters[0].send("banned")
            _ = shooters[1].send("neighbour")
            usleep(100)
            outcome.withLock { $0.sent += 1 }
        }
    }

    private func count(at node: TestSocket) {
        while !isOver.load(ordering: .relaxed) {
            switch node.receive() {
            case "banned": outcome.withLock { $0.bannedArrived += 1 }
            case "neighbour": outcome.withLock { $0.neighbourArrived += 1 }
            default: break
            }
        }
    }

    /// Ceases fire.
    func stop() async throws -> Outcome {
        let now = outcome.withLock { $0.neighbourArrived }
        // Some that were sent after all that happened have arrived.
        _ = try await soon { outcome.withLock { $0.neighbourArrived > now + 10 } }
        isOver.store(true, ordering: .relaxed)
        return outcome.withLock { $0 }
    }
}
