// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore

/// One connection that this side dials over UDP, on a socket of its own that is connected to the other side.
final class DatagramClientHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    /// How long to wait for an answer at first; twice as long each time after.
    private static let firstRepeat = TimeAmount.milliseconds(250)

    private let driver: ConnectionDriver
    private let remote: SocketAddress
    private let timeout: TimeAmount
    private var cookie: [UInt8]?
    private var began = NIODeadline.now()

    init(_ driver: ConnectionDriver, to remote: SocketAddress, timeout: TimeAmount) {
        self.driver = driver
        self.remote = remote
        self.timeout = timeout
    }

    /// Begins. The channel has been connected by now, so an answer by ICMP is heard.
    func begin(_ channel: any Channel) {
        driver.attach(DatagramTransport(channel, to: remote) { channel.close(promise: nil) })
        began = .now()
        sendUnanswered(channel)
        scheduleRepeat(channel, after: Self.firstRepeat)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Datagram(Array(unwrapInboundIn(data).data.readableBytesView)) {
        case .cookie(let cookie) where self.cookie == nil:
            self.cookie = cookie
            sendUnanswered(context.channel)
        case .message(let message) where cookie != nil:
            driver.receive(message)
        case .refused where cookie != nil && !driver.connection.isEstablished:
            driver.fail(.refused)
        default:
            break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        driver.transportClosed()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        driver.fail(DialError(error))
    }

    private func sendUnanswered(_ channel: any Channel) {
        let datagram: Datagram
        if let cookie {
            guard let message = driver.connection.unanswered else { return }
            datagram =
                message.count == HandshakeSchedule.helloLength
                ? .hello(cookie: cookie, message: message) : .message(message)
        } else {
            datagram = .knock
        }
        let envelope = AddressedEnvelope(remoteAddress: remote, data: ByteBuffer(bytes: datagram.bytes))
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        channel.writeAndFlush(envelope).whenFailure { error in
            bound.value.driver.fail(DialError(error))
        }
    }

    private func scheduleRepeat(_ channel: any Channel, after delay: TimeAmount) {
        let left = began + timeout - .now()
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        channel.eventLoop.scheduleTask(in: min(delay, max(left, .nanoseconds(0)))) {
            let handler = bound.value
            guard channel.isActive, !handler.driver.connection.isEstablished else { return }
            guard NIODeadline.now() < handler.began + handler.timeout else {
                return handler.driver.fail(.timeout)
            }
            handler.sendUnanswered(channel)
            handler.scheduleRepeat(channel, after: delay * 2)
        }
    }
}
