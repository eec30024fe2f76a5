// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore
internal import Sentinel

/// A connection over TCP, behind ``MessageFraming``.
final class StreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let driver: ConnectionDriver
    private let handshakeTimeout: TimeAmount
    private var deadline: Scheduled<Void>?

    init(_ driver: ConnectionDriver, handshakeTimeout: TimeAmount) {
        self.driver = driver
        self.handshakeTimeout = handshakeTimeout
    }

    /// Everything that a connection over TCP needs, in its channel's pipeline.
    static func install(
        _ driver: ConnectionDriver, in channel: any Channel, configuration: NodeConfiguration
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(
            IdleStateHandler(readTimeout: TimeAmount(clamping: configuration.idleTimeout)))
        try pipeline.addHandler(ByteToMessageHandler(MessageFraming()))
        try pipeline.addHandler(
            StreamHandler(driver, handshakeTimeout: TimeAmount(clamping: configuration.handshakeTimeout)))
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard deadline == nil else { return }
        let driver = NIOLoopBound(driver, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: handshakeTimeout) {
            if !driver.value.connection.isEstablished { driver.value.fail(.timeout) }
        }
        let transport = StreamTransport(context.channel)
        self.driver.attach(transport)
        if let hello = self.driver.connection.unanswered {
            transport.send(hello)
            transport.flush()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        driver.receive(Array(unwrapInboundIn(data).readableBytesView))
    }

    /// Who doesn't take what is sent to it gets nothing more to answer.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        context.channel.setOption(.autoRead, value: context.channel.isWritable).whenFailure { _ in }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { driver.close(.none) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        driver.transportClosed()
        context.fireChannelInactive()
    }

    /// A reset, or a message of a length that none has: either way there is nothing more to be had.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is MessageFraming.Fault { driver.receiveMalformed() }
        driver.fail(DialError(error))
    }
}

/// A TCP channel as a connection sees it.
private final class StreamTransport: MessageTransport {
    private let channel: any Channel

    var eventLoop: any EventLoop { channel.eventLoop }

    init(_ channel: any Channel) {
        self.channel = channel
    }

    func send(_ message: [UInt8]) {
        var buffer = channel.allocator.buffer(capacity: message.count + 2)
        MessageFraming.write(message, to: &buffer)
        channel.write(buffer, promise: nil)
    }

    func flush() {
        channel.flush()
    }

    func close() {
        channel.close(promise: nil)
    }
}
