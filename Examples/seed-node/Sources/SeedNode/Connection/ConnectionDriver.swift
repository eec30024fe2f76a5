// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore
internal import Sentinel

/// What carries a connection's messages. All of it is bound to one event loop.
protocol MessageTransport: AnyObject {
    /// The loop that it is bound to.
    var eventLoop: any EventLoop { get }
    func send(_ message: [UInt8])
    func flush()
    func close()
}

/// What a connection is for.
protocol ConnectionUser: AnyObject {
    /// Something happened that is not for the transport alone.
    func connection(_ driver: ConnectionDriver, did action: PeerConnection.Action)

    /// The transport is gone. The last call.
    ///
    /// - Parameter error: what its transport knows of why.
    func connectionClosed(_ driver: ConnectionDriver, error: DialError?)
}

/// Joins a connection, its transport and its user, on one event loop.
final class ConnectionDriver {
    private(set) var connection: PeerConnection
    private let user: any ConnectionUser
    private let statistics: NodeStatistics
    private let open: OpenConnections
    /// Nil until there is one, and again when it is gone.
    private var transport: (any MessageTransport)?
    private var wasEstablished = false
    private var failure: DialError?

    init(_ connection: PeerConnection, user: any ConnectionUser, of node: Node) {
        self.connection = connection
        self.user = user
        statistics = node.statistics
        open = node.open
    }

    func attach(_ transport: any MessageTransport) {
        self.transport = transport
        open.enter(self, on: transport.eventLoop)
    }

    func receive(_ message: [UInt8]) {
        perform(connection.receive(message))
    }

    /// Something came that can't be a message.
    func receiveMalformed() {
        perform(connection.receiveMalformed())
    }

    func open(_ type: StreamType) -> StreamID? {
        guard let (stream, actions) = connection.open(type) else { return nil }
        perform(actions)
        return stream
    }

    func send(_ payload: [UInt8], on stream: StreamID) {
        perform(connection.send(payload, on: stream))
    }

    func close(_ reason: DisconnectReason) {
        perform(connection.close(reason))
    }

    /// The transport has failed, and is about to go. The first error counts.
    func fail(_ error: DialError) {
        failure = failure ?? error
        transport?.close()
    }

    /// The transport is gone, or takes nothing more.
    func transportClosed() {
        guard transport != nil else { return }
        transport = nil
        open.leave(connection.info.id)
        if wasEstablished { statistics.count(.closed) }
        connection.transportClosed(timedOut: failure == .timeout)
        user.connectionClosed(self, error: failure)
    }

    private func perform(_ actions: [PeerConnection.Action]) {
        for action in actions {
            switch action {
            case .send(let message):
                transport?.send(message)
                continue
            case .denied(let denial): statistics.count(denial: denial.check)
            case .established:
                wasEstablished = true
                statistics.count(.established)
            case .opened: statistics.count(.stream)
            case .received, .ended, .close: break
            }
            user.connection(self, did: action)
            if case .close = action {
                transport?.flush()
                transport?.close()
            }
        }
        transport?.flush()
    }
}
