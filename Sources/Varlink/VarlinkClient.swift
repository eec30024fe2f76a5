// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials
public import NIOCore
internal import NIOPosix

/// A connection to a varlink service on a Unix stream socket.
///
/// Calls may be made from any task at any time: they are sent in the order they are made in, without waiting
/// for each other's replies, and answered in that order. So a call behind a ``stream(_:_:)`` waits until
/// the stream ends; an endless one wants a client of its own.
///
/// The connection is closed with ``close()``, or when the client and all of its streams are let go.
public final class VarlinkClient: Sendable {
    /// How a client connects.
    public struct Configuration: Hashable, Sendable {
        /// The longest reply in bytes. A longer one ends the connection.
        public var replyBytes = 64 << 20
        /// How long connecting may take.
        public var connectTimeout = Duration.seconds(10)

        public init() {}
    }

    private let channel: any Channel
    private let connection: NIOLoopBound<ClientConnection>

    private init(channel: any Channel, connection: NIOLoopBound<ClientConnection>) {
        self.channel = channel
        self.connection = connection
    }

    deinit {
        if channel.isActive { channel.close(promise: nil) }
    }

    /// Connects to the service that listens at `path`.
    ///
    /// - Throws: ``VarlinkError/Code/notConnected``
    public static func connect(
        path: String, on group: any EventLoopGroup, configuration: Configuration = Configuration()
    ) async throws(VarlinkError) -> VarlinkClient {
        do {
            let eventLoop = group.next()
            let connection = try await eventLoop.submit {
                NIOLoopBound(
                    ClientConnection(eventLoop: eventLoop, replyBytes: configuration.replyBytes),
                    eventLoop: eventLoop)
            }.get()
            let channel = try await ClientBootstrap(group: eventLoop)
                .connectTimeout(TimeAmount(configuration.connectTimeout))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(connection.value)
                    }
                }
                .connect(unixDomainSocketPath: path).get()
            return VarlinkClient(channel: channel, connection: connection)
        } catch {
            throw VarlinkError(
                .notConnected, operation: "connect \(path)", remedy: remedy(for: error), cause: error)
        }
    }

    private static func remedy(for error: any Error) -> String {
        switch (error as? IOError)?.errnoCode {
        case ENOENT: "There is no socket: start the service, or check the path."
        case ECONNREFUSED: "Nobody listens: start the service."
        case EACCES: "This user may not connect: it must be in the group that the socket belongs to."
        case EAGAIN: "The service doesn't accept connections just now: try again later."
        default: "Check the path, and that the service runs."
        }
    }

    /// Where the connection is served.
    public var eventLoop: any EventLoop { channel.eventLoop }

    /// Whether the connection is open as far as is known.
    public var isConnected: Bool { channel.isActive }

    /// Returns when the connection has ended, by whichever side.
    public func waitUntilClosed() async {
        try? await channel.closeFuture.get()
    }

    /// Closes the connection. Calls that wait for a reply fail with ``VarlinkError/Code/connectionLost``.
    public func close() async {
        channel.close(promise: nil)
        await waitUntilClosed()
    }

    // MARK: Calls

    /// Calls a method and waits for its reply.
    ///
    /// - Parameter timeout: how long to wait for the reply; for good where it is nil.
    /// - Throws: what a ``VarlinkError/Code`` says. A reply that comes after a timeout or a cancellation is
    ///   dropped, the connection stays.
    public func call<Parameters, Reply>(
        _ method: VarlinkMethod<Parameters, Reply>, _ parameters: Parameters, timeout: Duration? = nil
    ) async throws(VarlinkError) -> Reply {
        let frame = try encode(Wire.Call(method: method.name, parameters: parameters))
        let waiter = ReplyWaiter(eventLoop: channel.eventLoop, operation: method.name)
        let connection = connection
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                connection.execute {
                    $0.call(frame, waiter, { continuation.resume(returning: $0) }, timeout: timeout)
                }
            }
        } onCancel: {
            connection.execute { _ in waiter.cancel() }
        }
        return try single(Reply.self, result.get(), of: method.name)
    }

    /// The one reply of a call without more.
    private func single<Reply: Decodable>(
        _ type: Reply.Type, _ reply: Data, of method: String
    ) throws(VarlinkError) -> Reply {
        let (value, continues) = try Self.decode(type, reply, of: method)
        if continues {
            channel.close(promise: nil)
            throw VarlinkError(
                .malformedReply, operation: method,
                remedy: "The service sent a stream for a call without more: report it to its authors.")
        }
        return value
    }

    /// Calls a method and waits for its reply later, so that several calls can be under way in the order in which they
    /// were begun. It can't be called off.
    ///
    /// - Parameter timeout: how long the reply may take, from now on; for good where it is nil.
    /// - Returns: what waits for the reply. It throws what ``call(_:_:timeout:)`` does.
    public func begin<Parameters, Reply>(
        _ method: VarlinkMethod<Parameters, Reply>, _ parameters: Parameters, timeout: Duration? = nil
    ) throws(VarlinkError) -> @Sendable () async throws -> Reply {
        let frame = try encode(Wire.Call(method: method.name, parameters: parameters))
        let waiter = ReplyWaiter(eventLoop: channel.eventLoop, operation: method.name)
        let promise = channel.eventLoop.makePromise(of: Result<Data, VarlinkError>.self)
        connection.execute { $0.call(frame, waiter, { promise.succeed($0) }, timeout: timeout) }
        return { [self] in
            try single(Reply.self, await promise.futureResult.get().get(), of: method.name)
        }
    }

    /// Calls a method without parameters; see ``call(_:_:timeout:)``.
    public func call<Reply>(
        _ method: VarlinkMethod<VarlinkEmpty, Reply>, timeout: Duration? = nil
    ) async throws(VarlinkError) -> Reply {
        try await call(method, VarlinkEmpty(), timeout: timeout)
    }

    /// Calls a method without waiting for anything but that the call is written. Whether it arrives is not
    /// known.
    public func oneway<Parameters, Reply>(
        _ method: VarlinkMethod<Parameters, Reply>, _ parameters: Parameters
    ) async throws(VarlinkError) {
        let frame = try encode(Wire.Call(method: method.name, parameters: parameters, oneway: true))
        do {
            try await channel.writeAndFlush(frame).get()
        } catch {
            throw .connectionLost(operation: method.name, cause: error)
        }
    }

    /// Calls a method with `more`: its replies as they come. The call is sent at once.
    ///
    /// The service is slowed down where the replies aren't taken: a few are held, then nothing more is read
    /// from the connection. A stream that is let go before its end closes the connection, for varlink knows
    /// no other way to end a call.
    public func stream<Parameters, Reply>(
        _ method: VarlinkMethod<Parameters, Reply>, _ parameters: Parameters
    ) -> VarlinkReplies<Reply> {
        let id = ClientConnection.StreamID()
        let source = ReplyFrames.makeSequence(
            backPressureStrategy: .init(lowWatermark: 2, highWatermark: 8), finishOnDeinit: true,
            delegate: ReplyDemand(connection: connection, stream: id))
        do throws(VarlinkError) {
            let frame = try encode(Wire.Call(method: method.name, parameters: parameters, more: true))
            connection.execute { $0.stream(frame, source.source, id, operation: method.name) }
        } catch {
            source.source.finish(error)
        }
        return VarlinkReplies(frames: source.sequence, operation: method.name, client: self)
    }

    /// Calls a method without parameters; see ``stream(_:_:)``.
    public func stream<Reply>(_ method: VarlinkMethod<VarlinkEmpty, Reply>) -> VarlinkReplies<Reply> {
        stream(method, VarlinkEmpty())
    }

    // MARK: Encoding

    private func encode(_ call: Wire.Call<some Encodable>) throws(VarlinkError) -> ByteBuffer {
        do {
            return try Wire.frame(call)
        } catch {
            throw VarlinkError(
                .unencodableCall, operation: call.method,
                remedy: "JSON has no form for these parameters: see the cause.", cause: error)
        }
    }

    /// Decodes a reply, an error reply as an error.
    static func decode<Reply: Decodable>(
        _ type: Reply.Type, _ frame: Data, of operation: String
    ) throws(VarlinkError) -> (Reply, continues: Bool) {
        do {
            let reply = try Wire.reply(type, of: frame)
            if let name = reply.header.error {
                throw VarlinkError(
                    .errorReply, operation: operation,
                    remedy: "The service refused the call: its reply says why.",
                    reply: VarlinkError.Reply(name: name, frame: frame))
            }
            let parameters = try reply.parameters ?? Wire.absentParameters(type)
            return (parameters, reply.header.continues ?? false)
        } catch let error as VarlinkError {
            throw error
        } catch {
            throw VarlinkError(
                .malformedReply, operation: operation,
                remedy: "Client and service disagree about the interface: are they of the same version?",
                cause: error)
        }
    }
}
