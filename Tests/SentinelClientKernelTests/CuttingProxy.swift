// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NIOCore
import NIOPosix
import Synchronization

/// Stands between a node and the helper. Told so, it ends a connection in the place of passing receipts on: the
/// helper has acted, and the node doesn't learn of it.
final class CuttingProxy: Sendable {
    private let listener: any Channel
    fileprivate let isArmed = Mutex(false)

    /// How often it has cut.
    var cuts: Int { cutCount.withLock { $0 } }
    fileprivate let cutCount = Mutex(0)

    private init(_ listener: any Channel, _ state: Box) {
        self.listener = listener
        state.proxy.withLock { $0 = self }
    }

    fileprivate final class Box: Sendable {
        let proxy = Mutex<CuttingProxy?>(nil)
    }

    /// Listens at `path` for what is meant for the service at `target`.
    static func start(at path: String, before target: String) async throws -> CuttingProxy {
        let box = Box()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { node in
                ClientBootstrap(group: node.eventLoop).connect(unixDomainSocketPath: target).flatMap {
                    helper in
                    node.eventLoop.makeCompletedFuture {
                        try node.pipeline.syncOperations.addHandler(Relay(to: helper, box: nil))
                        try helper.pipeline.syncOperations.addHandler(Relay(to: node, box: box))
                    }
                }
            }
            .bind(unixDomainSocketPath: path).get()
        return CuttingProxy(listener, box)
    }

    /// Cuts at the next receipts.
    func arm() { isArmed.withLock { $0 = true } }

    func close() async throws { try await listener.close().get() }
}

/// Passes on what comes by one connection to the other.
private final class Relay: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let other: any Channel
    private let box: CuttingProxy.Box?

    init(to other: any Channel, box: CuttingProxy.Box?) {
        self.other = other
        self.box = box
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if let proxy = box?.proxy.withLock({ $0 }), String(buffer: buffer).contains("\"receipts\""),
            proxy.isArmed.withLock({ isArmed in
                defer { isArmed = false }
                return isArmed
            })
        {
            proxy.cutCount.withLock { $0 += 1 }
            return context.close(promise: nil)
        }
        other.writeAndFlush(buffer, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
