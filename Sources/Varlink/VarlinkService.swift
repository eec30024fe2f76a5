// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import NIOCore
internal import NIOPosix

/// A varlink service on a Unix stream socket. All of it runs on one event loop.
///
/// It answers `org.varlink.service` itself, and hands every other call to its ``VarlinkHandler``.
///
/// It runs until ``close()``, whether it is held or not.
///
/// A misbehaving client is dropped, and costs the others nothing: frames are capped before they are held
/// whole, connections, calls and bytes are counted by user, nothing is read from a client that doesn't take its
/// replies, and in the end it is closed. Who comes when there are no descriptors left is turned away at once.
public final class VarlinkService: Sendable {
    private let listener: any Channel
    private let core: NIOLoopBound<ServiceCore>
    private let path: BoundPath?

    private init(listener: any Channel, core: NIOLoopBound<ServiceCore>, path: BoundPath?) {
        self.listener = listener
        self.core = core
        self.path = path
    }

    /// Starts to listen.
    ///
    /// - Parameters:
    ///   - eventLoop: where everything runs; of NIOPosix's `MultiThreadedEventLoopGroup`.
    ///   - listener: the socket.
    ///   - identity: what GetInfo says.
    ///   - interfaces: what the handler implements. `org.varlink.service` and `org.seedsentinel.Connection`
    ///     come by themselves.
    ///   - limits: what clients may use.
    ///   - handler: who answers.
    /// - Precondition: the handler's executor is that of `eventLoop`.
    public static func start(
        on eventLoop: any EventLoop, listener: Listener, identity: Identity,
        interfaces: [VarlinkInterface], limits: Limits = Limits(), handler: some VarlinkHandler
    ) async throws(VarlinkServiceError) -> VarlinkService {
        let socket = try ListeningSocket(listener)
        let path = socket.path
        let makeCore: @Sendable () -> NIOLoopBound<ServiceCore> = {
            handler.preconditionIsolated(
                "a varlink handler runs on its service's event loop: unownedExecutor must be the loop's")
            let core = ServiceCore(
                identity: identity, interfaces: interfaces, limits: limits, eventLoop: eventLoop,
                isTrusted: { peer in handler.assumeIsolated { $0.isTrusted(peer) } },
                dropped: { drop in handler.assumeIsolated { $0.connectionDropped(drop) } }
            ) { call in
                handler.assumeIsolated { handler in
                    do throws(VarlinkFailure) {
                        try handler.handle(call)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            core.lookForStalls()
            return NIOLoopBound(core, eventLoop: eventLoop)
        }
        do {
            let core = try await eventLoop.submit(makeCore).get()
            let channel = try await bootstrap(on: eventLoop, core).withBoundSocket(socket.release()).get()
            return VarlinkService(listener: channel, core: core, path: path)
        } catch {
            throw VarlinkServiceError(
                .system, operation: "listen",
                remedy: "The cause names the system call that failed.", cause: error)
        }
    }

    private static func bootstrap(
        on eventLoop: any EventLoop, _ core: NIOLoopBound<ServiceCore>
    ) -> ServerBootstrap {
        ServerBootstrap(group: eventLoop)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let core = core.value
                    try channel.pipeline.syncOperations.addHandlers([
                        AcceptReserve { code in core.report(.noDescriptor(code: code), of: nil) },
                        AcceptBackoffHandler(shouldForwardIOErrorCaught: true) { _ in AcceptReserve.backoff },
                    ])
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let core = core.value
                    let pipeline = channel.pipeline.syncOperations
                    let peer = try pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
                        try PeerCredentials(ofSocket: $0)
                    }
                    guard let peer else { throw ChannelError.operationUnsupported }
                    let high = max(core.limits.writableBytes, 4)
                    try channel.syncOptions?.setOption(
                        .writeBufferWaterMark, value: .init(low: high / 4, high: high))
                    try pipeline.addHandler(ServiceConnection(core: core, peer: peer))
                }
            }
    }

    /// How many clients are connected now.
    ///
    /// - Precondition: called on the service's event loop.
    public var connectionCount: Int { core.value.connectionCount }

    /// Changes what clients may use from now on. Connections that there are stay, though there be more than may be, and
    /// keep their ``Limits/callBytes`` and ``Limits/writableBytes``.
    ///
    /// - Precondition: called on the service's event loop.
    public func setLimits(_ limits: Limits) {
        core.value.limits = limits
        core.value.lookForStalls()
    }

    /// Stops listening and closes all connections; calls that wait for an answer get none. A socket file that
    /// the service made is removed.
    public func close() async {
        path?.remove()
        try? await listener.close().get()
        let core = core
        try? await core.eventLoop.flatSubmit { core.value.closeAll() }.get()
    }
}
