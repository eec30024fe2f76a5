// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials
internal import NIOCore

/// One client's connection: cuts the bytes into calls, has them answered one by one, writes the replies.
///
/// Nothing here grows without end. While a call waits for its answer or the client doesn't take its replies,
/// no more than a little is read ahead, so the client's own writes stall. The same holds while the client's user has
/// used up his rate.
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
    /// The user's, once the connection is admitted.
    private var account: CallerAccount?
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
    private var isWaitingForTurn = false
    private var needsFlush = false
    private var whenClosed: [@Sendable () -> Void] = []
    /// When the next call may be taken; nil where that is now.
    private var resumption: Scheduled<Void>?
    private var progress = ReadProgress()

    /// How many bytes beyond the current call are read before reading stops.
    private static let readAhead = 64 << 10
    /// For how long a connection's calls are answered in a row before others have their turn.
    private static let longestTurn = TimeAmount.milliseconds(1)
    /// How long a connection whose user has used up his rate waits at least, so that many of them don't keep the loop
    /// busy with waking up.
    private static let shortestPause = TimeAmount.milliseconds(10)
    /// How long it waits where the user's connections have as many unread replies as they may.
    private static let pauseForReaders = TimeAmount.milliseconds(200)

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
        do throws(VarlinkFailure) {
            account = try core.admit(self)
        } catch {
            sayLast(error)
        }
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
        // What every connection may read ahead isn't worth to be added up.
        if frames.count > Self.readAhead, let account,
            account.heldBytes(core.limits) > core.limits.bytesPerUser
        {
            return refuseBytes()
        }
        do throws(FrameTooLong) {
            if try frames.holdsFrame() { scheduleProcessing() }
        } catch {
            refuseFrame()
        }
    }

    private func refuseFrame() {
        sayLast(VarlinkFailure(ConnectionInterface.FrameTooLong(limit: frames.limit)))
    }

    private func refuseBytes() {
        let limit = core.limits.bytesPerUser
        core.report(.tooManyBytes(limit: limit), of: peer)
        sayLast(VarlinkFailure(ConnectionInterface.TooManyBytes(limit: limit)))
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
        resumption?.cancel()
        resumption = nil
        core.remove(self)
        for body in current.take()?.onClose ?? [] { core.eventLoop.execute(body) }
        for body in whenClosed { core.eventLoop.execute(body) }
        whenClosed = []
        frames = FrameBuffer(limit: core.limits.callBytes)
    }

    // MARK: Calls

    private var mayRead: Bool {
        state == .open && isWritable && resumption == nil
            && (frames.count < Self.readAhead || frames.isPartial)
    }

    private func scheduleProcessing() {
        guard !isWaitingForTurn, state == .open, let account else { return }
        isWaitingForTurn = true
        core.turns.add(self, of: account)
    }

    func takeTurn() {
        isWaitingForTurn = false
        process()
    }

    /// Has as many calls answered as can be now.
    private func process() {
        guard !isProcessing, let context else { return }
        isProcessing = true
        let end = NIODeadline.now() + Self.longestTurn
        var calls = 0
        while state == .open, current == nil, resumption == nil {
            if !isWritable {
                guard needsFlush else { break }
                flush(context)
                continue
            }
            if calls > 0, NIODeadline.now() >= end {
                scheduleProcessing()
                break
            }
            guard !waitForUser(), let frame = nextFrame() else { break }
            calls += 1
            account?.takeCall(core.limits, now: core.eventLoop.now)
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

    /// Where the user has used up his rate, or has too many replies that he doesn't read, comes back when that may be
    /// otherwise.
    ///
    /// - Returns: whether nothing may be done until then.
    private func waitForUser() -> Bool {
        guard frames.count > 0, let account else { return false }
        let pause: TimeAmount
        if account.unreadBytes(core.limits) > core.limits.bytesPerUser {
            pause = Self.pauseForReaders
        } else if let delay = account.delay(core.limits, now: core.eventLoop.now), !core.isTrusted(peer) {
            pause = max(delay, Self.shortestPause)
        } else {
            return false
        }
        resumption = core.eventLoop.assumeIsolated().scheduleTask(in: pause) { [weak self] in
            guard let self else { return }
            resumption = nil
            scheduleProcessing()
        }
        return true
    }

    private func nextFrame() -> Data? {
        do {
            return try frames.next()
        } catch {
            refuseFrame()
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

    // MARK: For the user's account

    /// How many bytes of calls are held.
    var heldInput: Int { frames.count }

    func charge(_ work: Int) { account?.charge(work, core.limits, now: core.eventLoop.now) }

    /// Whether replies wait, and the client has taken nothing for so long.
    func isStalled(at now: NIODeadline, _ patience: TimeAmount) -> Bool {
        progress.isStalled(pending: pendingBytes, at: now, patience)
    }

    /// Closes the connection at once, and tells why.
    func drop(because cause: VarlinkDrop.Cause) {
        guard state != .closed, let context else { return }
        core.report(cause, of: peer)
        context.close(promise: nil)
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
        if !isWritable, let cause = overflow { return drop(because: cause) }
        guard let frame = try? Wire.frame(reply) else { return context.close(promise: nil) }
        progress.wrote(frame.readableBytes)
        context.write(wrapOutboundOut(frame), promise: nil)
        if isProcessing { needsFlush = true } else { context.flush() }
    }

    /// Why nothing more may be written to a client that doesn't take what it has; nil where it may.
    private var overflow: VarlinkDrop.Cause? {
        let limits = core.limits
        if pendingBytes > limits.unsentBytes { return .unsentBytes(limit: limits.unsentBytes) }
        guard let account, account.heldBytes(limits) > limits.bytesPerUser else { return nil }
        return .tooManyBytes(limit: limits.bytesPerUser)
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
