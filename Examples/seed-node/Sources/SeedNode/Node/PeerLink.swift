// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet
internal import NIOCore
public import Sentinel

/// An established connection, from the side that dialed it. Whoever has one closes it.
public final class PeerLink: Sendable {
    /// Who the other side is.
    public let peer: PeerID
    /// Where it was found.
    public let endpoint: Endpoint

    private let channel: any Channel
    private let state: NIOLoopBound<State>

    struct State {
        let driver: ConnectionDriver
        let user: LinkUser
    }

    init(peer: PeerID, endpoint: Endpoint, channel: any Channel, state: NIOLoopBound<State>) {
        self.peer = peer
        self.endpoint = endpoint
        self.channel = channel
        self.state = state
    }

    /// Opens a stream. Whether the other side allows it shows when it is used.
    ///
    /// - Throws: `refused` where the connection is no more, `local` where it has as many streams as it may.
    public func open(_ type: StreamType) async throws(DialError) -> StreamID {
        let state = state
        return try await get(
            channel.eventLoop.submit {
                let driver = state.value.driver
                guard driver.connection.isEstablished else { throw DialError.refused }
                guard let stream = driver.open(type) else { throw DialError.local("too many streams") }
                return stream
            })
    }

    /// Sends `payload` on a stream and waits for it to come back.
    ///
    /// - Precondition: `payload` has at most 1100 bytes.
    /// - Throws: `timeout`; `refused` where the stream or the connection was ended.
    public func echo(
        _ payload: [UInt8], on stream: StreamID, timeout: Duration
    ) async throws(DialError) -> [UInt8] {
        precondition(payload.count <= Frame.maximumPayload)
        let state = state
        let loop = channel.eventLoop
        let limit = TimeAmount(clamping: timeout)
        return try await get(
            loop.flatSubmit {
                let (driver, user) = (state.value.driver, state.value.user)
                return user.echo(payload, on: stream, of: driver, timeout: limit, loop)
            })
    }

    /// Ends the connection. When this returns, it is closed.
    public func close() async {
        let state = state
        channel.eventLoop.execute { state.value.driver.close(.none) }
        await closed()
    }

    /// Returns when the connection is no more.
    public func closed() async {
        // A close future only fails where the loop is shut down; then it is closed as well.
        _ = try? await channel.closeFuture.get()
    }

    private func get<Value: Sendable>(_ future: EventLoopFuture<Value>) async throws(DialError) -> Value {
        do {
            return try await future.get()
        } catch {
            throw DialError(error)
        }
    }
}
