// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials
internal import NIOCore

/// One client's connection: cuts the bytes into calls, has them answered one by one, writes the replies.
///
/// Nothing here grows without end. While a call waits for its answer or the client doesn't take its replies,
/// no more than a little is read ahead, so the client's own writes stall.
///
/// The handler may call anything here from within anything that calls the handler. So what could call it in
/// turn (the next call, a callback) never runs inside a reply, but on a later turn of the loop.
final class ServiceConnection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case open
        /// Nothing is read any more; closes when all is sent.
        case closing
        case closed
    }

    private struct Current {
        let id: UInt64
        let isOneway: Bool
        var onClose: [@Sendable () -> Void] = []
        var whenWritable: [@Sendable () -> Void] = []
    }

    let peer: PeerCredentials
    /// Unlike that of any other connection of the same service.
    let id: UInt64
    private let core: ServiceCore
    private var context: ChannelHandlerContext?
    private var state = State.open
    private var frames: FrameBuffer
    /// The call that waits for its last reply.
    private var current: Current?
    /// The client has said that it sends no more.
    private var inputClosed = false
    /// A read that was asked for and not passed on.
    private var readHeld = false
    private var isProcessing = false
    private var processingScheduled = false
    private var needsFlush = false
    private var whenClosed: [@Sendable () -> Void] = []

    /// How many bytes beyond the current call are read before reading stops.
    private static let readAhead = 64 << 10
    /// How many calls of a connection are answered in a row before the others have their turn.
    private static let callsPerTurn = 32

    init(core: ServiceCore, peer: PeerCredentials) {
        self.core = core
        self.peer = peer
        id = core.nextConnectionID()
        frames = FrameBuffer(limit: core.limits.callBytes)
    }

    var channel: (any Channel)? { context?.channel }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        start()
    }

    private func start() {
        if let failure = core.admit(self) { sayLast(failure) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state == .open else { return }
        frames.append(unwrapInboundIn(data))
        process()
    }

    func read(context: ChannelHandlerContext) {
        if mayRead {
            context.read()
        } else {
            readHeld = true
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        if let waiting = current?.whenWritable, !waiting.isEmpty {
            current?.whenWritable = []
            for body in waiting { context.eventLoop.execute(body) }
        }
        scheduleProcessing()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            inputClosed = true
            scheduleProcessing()
        }
    }

    private func end() {
        guard state != .closed else { return }
        state = .closed
        core.remove(self)
        for body in current.take()?.onClose ?? [] { core.eventLoop.execute(body) }
        for body in whenClosed { core.eventLoop.execute(body) }
        whenClosed = []
        frames = FrameBuffer(limit: core.limits.callBytes)
    }

    // MARK: Calls

    private var mayRead: Bool {
        state == .open && isWritable && (frames.count < Self.readAhead || frames.isPartial)
    }

    private func scheduleProcessing() {
        guard !processingScheduled, state == .open else { return }
        processingScheduled = true
        core.eventLoop.assumeIsolated().execute {
            self.processingScheduled = false
            self.process()
        }
    }

    /// Has as many calls answered as can be now.
    private func process() {
        guard !isProcessing, let context else { return }
        isProcessing = true
        var calls = 0
        while state == .open, current == nil {
            if !isWritable {
                guard needsFlush else { break }
                flush(context)
                continue
            }
            guard calls < Self.callsPerTurn else {
                scheduleProcessing()
                break
            }
            guard let frame = nextFrame() else { break }
            calls += 1
            take(frame)
        }
        if needsFlush { flush(context) }
        isProcessing = false

        if readHeld, mayRead {
            readHeld = false
            context.read()
        }
        if inputClosed, state == .open, current == nil, frames.isPartial { closeWhenSent() }
    }

    private func nextFrame() -> Data? {
        do {
            return try frames.next()
        } catch {
            sayLast(VarlinkFailure(ConnectionInterface.FrameTooLong(limit: frames.limit)))
            return nil
        }
    }

    private func take(_ frame: Data) {
        let header: Wire.CallHeader
        do {
            header = try Wire.header(Wire.CallHeader.self, of: frame)
        } catch {
            let message = (error as? DecodingError)?.message ?? "\(error)"
            return sayLast(VarlinkFailure(ConnectionInterface.MalformedFrame(message: message)))
        }
        if header.oneway == true, header.more == true {
            return sayLast(
                VarlinkFailure(ConnectionInterface.MalformedFrame(message: "both oneway and more")))
        }
        let id = core.nextCallID()
        current = Current(id: id, isOneway: header.oneway ?? false)
        let call = VarlinkCall(
            header: header, frame: frame, id: id, peer: peer,
            connection: NIOLoopBound(self, eventLoop: core.eventLoop))
        if let failure = core.dispatch(call, upgrade: header.upgrade ?? false) { call.fail(failure) }
    }

    // MARK: For VarlinkCall

    func isCurrent(_ id: UInt64) -> Bool { current?.id == id }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    var pendingBytes: Int {
        guard let options = context?.channel.syncOptions else { return 0 }
        return (try? options.getOption(.bufferedWritableBytes)) ?? 0
    }

    func reply(to id: UInt64, _ reply: Wire.Reply<some Encodable>, isLast: Bool) {
        guard let current, current.id == id else { return }
        if !current.isOneway { write(reply) }
        if isLast { finish() }
    }

    func fail(_ id: UInt64, _ failure: VarlinkFailure) {
        guard isCurrent(id) else { return }
        // Opens the existential, for a reply is encoded by its type.
        func reply(_ error: some VarlinkErrorReply) {
            self.reply(to: id, Wire.Reply(parameters: error, error: failure.name), isLast: true)
        }
        reply(failure.reply)
    }

    func drop(_ id: UInt64) {
        guard isCurrent(id) else { return }
        context?.close(promise: nil)
    }

    func abandon(_ id: UInt64) {
        guard let current, current.id == id else { return }
        if current.isOneway { finish() } else { drop(id) }
    }

    func onClose(_ id: UInt64, _ body: @escaping @Sendable () -> Void) {
        if isCurrent(id) {
            current?.onClose.append(body)
        } else if state == .closed {
            core.eventLoop.execute(body)
        }
    }

    func whenClosed(_ body: @escaping @Sendable () -> Void) {
        if state == .closed { core.eventLoop.execute(body) } else { whenClosed.append(body) }
    }

    func whenWritable(_ id: UInt64, _ body: @escaping @Sendable () -> Void) {
        guard isCurrent(id) else { return }
        if isWritable {
            core.eventLoop.execute(body)
        } else {
            current?.whenWritable.append(body)
        }
    }

    private func finish() {
        // Taken, not overwritten: callbacks may hold the call, whose deinit looks at `current`.
        _ = current.take()
        guard !isProcessing else { return }
        if frames.count > 0 || readHeld || inputClosed { scheduleProcessing() }
    }

    // MARK: Writing

    private func write(_ reply: Wire.Reply<some Encodable>) {
        guard let context, state != .closed else { return }
        guard isWritable || pendingBytes <= core.limits.unsentBytes, let frame = try? Wire.frame(reply)
        else { return context.close(promise: nil) }
        context.write(wrapOutboundOut(frame), promise: nil)
        if isProcessing { needsFlush = true } else { context.flush() }
    }

    private func flush(_ context: ChannelHandlerContext) {
        needsFlush = false
        context.flush()
    }

    /// Sends an error that belongs to no call, then closes.
    private func sayLast(_ failure: VarlinkFailure) {
        func write(_ error: some VarlinkErrorReply) {
            self.write(Wire.Reply(parameters: error, error: failure.name))
        }
        write(failure.reply)
        closeWhenSent()
    }

    /// Closes when everything that was written is sent. A client that doesn't take it keeps its connection,
    /// which counts and holds no more than it does now.
    private func closeWhenSent() {
        guard let context, state == .open else { return }
        state = .closing
        frames = FrameBuffer(limit: core.limits.callBytes)
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { _ in self.context?.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: sent)
    }
}
