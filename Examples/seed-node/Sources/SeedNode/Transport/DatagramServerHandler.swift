// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import NIOCore
internal import Sentinel

/// All connections that come in through one UDP socket.
final class DatagramServerHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private struct Session {
        let driver: ConnectionDriver
        /// The handshake's first message: a source that sends it again has not heard the answer.
        let hello: [UInt8]
        let began: NIODeadline
        var heard: NIODeadline
    }

    private let node: Node
    private let cookies = CookieJar()
    private var sessions: [SocketAddress: Session] = [:]
    private var sweeper: RepeatedTask?

    init(_ node: Node) {
        self.node = node
    }

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        sweeper = context.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            bound.value.sweep(.now())
        }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        sweeper?.cancel()
        for session in sessions.values { session.driver.transportClosed() }
        sessions = [:]
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        switch Datagram(Array(envelope.data.readableBytesView)) {
        case .knock:
            guard let source = Endpoint(envelope.remoteAddress, .udp) else { return }
            node.statistics.count(.knock)
            reply(.cookie(cookies.cookie(for: source, at: Self.time())), to: envelope.remoteAddress, context)
        case .hello(let cookie, let message):
            guard let source = Endpoint(envelope.remoteAddress, .udp),
                cookies.accepts(cookie, from: source, at: Self.time())
            else { return }
            receiveHello(message, from: envelope.remoteAddress, source, context)
        case .message(let message):
            sessions[envelope.remoteAddress]?.heard = .now()
            sessions[envelope.remoteAddress]?.driver.receive(message)
        case .cookie, .refused, nil:
            break
        }
    }

    /// An ICMP error of some peer's host, for one. The socket goes on serving the others.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}

    private func receiveHello(
        _ message: [UInt8], from address: SocketAddress, _ source: Endpoint, _ context: ChannelHandlerContext
    ) {
        if let session = sessions[address] {
            if session.hello == message { return session.driver.receive(message) }
            // The source has begun anew, and what was before is over.
            remove(address)
        }
        guard sessions.count < node.configuration.maximumConnections else {
            return node.statistics.count(.full)
        }
        guard let local = context.localAddress.flatMap({ Endpoint($0, .udp) }),
            let connection = node.accept(local: local, remote: source)
        else { return reply(.refused, to: address, context) }
        let driver = ConnectionDriver(connection, user: EchoService(), of: node)
        driver.attach(
            DatagramTransport(context.channel, to: address) { [weak self] in self?.remove(address) })
        sessions[address] = Session(driver: driver, hello: message, began: .now(), heard: .now())
        driver.receive(message)
    }

    private func remove(_ address: SocketAddress) {
        sessions.removeValue(forKey: address)?.driver.transportClosed()
    }

    /// Ends what never came to be, or has been silent for too long.
    private func sweep(_ now: NIODeadline) {
        let idle = TimeAmount(clamping: node.configuration.idleTimeout)
        let handshake = TimeAmount(clamping: node.configuration.handshakeTimeout)
        for session in sessions.values {
            if session.driver.connection.isEstablished {
                if now - session.heard > idle { session.driver.close(.none) }
            } else if now - session.began > handshake {
                session.driver.fail(.timeout)
            }
        }
    }

    private func reply(_ datagram: Datagram, to address: SocketAddress, _ context: ChannelHandlerContext) {
        let envelope = AddressedEnvelope(remoteAddress: address, data: ByteBuffer(bytes: datagram.bytes))
        context.channel.writeAndFlush(envelope, promise: nil)
    }

    private static func time() -> Duration {
        .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds))
    }
}

/// One peer of a UDP socket as its connection sees it.
final class DatagramTransport: MessageTransport {
    private let channel: any Channel
    private let remote: SocketAddress
    private let onClose: () -> Void

    var eventLoop: any EventLoop { channel.eventLoop }

    init(_ channel: any Channel, to remote: SocketAddress, onClose: @escaping () -> Void) {
        self.channel = channel
        self.remote = remote
        self.onClose = onClose
    }

    func send(_ message: [UInt8]) {
        let data = ByteBuffer(bytes: Datagram.message(message).bytes)
        channel.write(AddressedEnvelope(remoteAddress: remote, data: data), promise: nil)
    }

    func flush() {
        channel.flush()
    }

    func close() {
        onClose()
    }
}
