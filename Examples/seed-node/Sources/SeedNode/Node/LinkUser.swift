// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore
internal import Sentinel

/// What the dialing side does with a connection: it waits until it is established, and for echoes.
final class LinkUser: ConnectionUser {
    private let established: EventLoopPromise<PeerID>
    /// At most one echo is awaited on a stream.
    private var echoes: [StreamID: EventLoopPromise<[UInt8]>] = [:]
    private var failure: DialError?

    init(established: EventLoopPromise<PeerID>) {
        self.established = established
    }

    func connection(_ driver: ConnectionDriver, did action: PeerConnection.Action) {
        switch action {
        case .established(let peer):
            established.succeed(peer)
        case .received(let stream, let payload):
            echoes.removeValue(forKey: stream)?.succeed(payload)
        case .ended(let stream, _):
            echoes.removeValue(forKey: stream)?.fail(DialError.refused)
        case .close(.handshake(let error)):
            failure = .handshake(error)
        case .denied(let denial):
            failure = .denied(denial)
        case .send, .opened, .close:
            break
        }
    }

    func connectionClosed(_ driver: ConnectionDriver, error: DialError?) {
        let error = failure ?? error ?? .refused
        established.fail(error)
        for promise in echoes.values { promise.fail(error) }
        echoes = [:]
    }

    /// Sends `payload` and waits for the answer.
    func echo(
        _ payload: [UInt8], on stream: StreamID, of driver: ConnectionDriver, timeout: TimeAmount,
        _ loop: any EventLoop
    ) -> EventLoopFuture<[UInt8]> {
        guard driver.connection.isEstablished, echoes[stream] == nil else {
            return loop.makeFailedFuture(failure ?? DialError.refused)
        }
        let promise = loop.makePromise(of: [UInt8].self)
        echoes[stream] = promise
        let bound = NIOLoopBound(self, eventLoop: loop)
        let deadline = loop.scheduleTask(in: timeout) {
            bound.value.echoes.removeValue(forKey: stream)?.fail(DialError.timeout)
        }
        promise.futureResult.whenComplete { _ in deadline.cancel() }
        driver.send(payload, on: stream)
        return promise.futureResult
    }
}
