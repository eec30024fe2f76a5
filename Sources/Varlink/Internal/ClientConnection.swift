// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials
internal import NIOCore

/// A client's side of a connection: writes calls, cuts the replies and gives each to whom it belongs.
final class ClientConnection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A stream, as its consumer knows it.
    final class StreamID: Sendable {}

    /// Who waits for the next reply.
    private enum Waiting {
        case one(ReplyWaiter)
        case stream(ReplyFrames.Source, StreamID, operation: String)

        func fail(_ makeError: (_ operation: String) -> VarlinkError) {
            switch self {
            case .one(let waiter): waiter.finish(.failure(makeError(waiter.operation)))
            case .stream(let source, _, let operation): source.finish(makeError(operation))
            }
        }
    }

    private let eventLoop: any EventLoop
    private var context: ChannelHandlerContext?
    private var frames: FrameBuffer
    private var waiting = CircularBuffer<Waiting>()
    /// The stream at the head has as many replies as its consumer wants for now.
    private var isPaused = false
    private var readHeld = false
    /// Why the connection ended, for the calls that it takes with it.
    private var end: ((_ operation: String) -> VarlinkError)?
    private var channelError: (any Error)?

    init(eventLoop: any EventLoop, replyBytes: Int) {
        self.eventLoop = eventLoop
        frames = FrameBuffer(limit: replyBytes)
    }

    // MARK: Calls

    func call(
        _ frame: ByteBuffer, _ waiter: ReplyWaiter, _ continuation: @escaping ReplyWaiter.Continuation,
        timeout: Duration?
    ) {
        guard waiter.start(continuation, timeout: timeout) else { return }
        send(frame, .one(waiter))
    }

    func stream(_ frame: ByteBuffer, _ source: ReplyFrames.Source, _ id: StreamID, operation: String) {
        send(frame, .stream(source, id, operation: operation))
    }

    private func send(_ frame: ByteBuffer, _ who: Waiting) {
        guard let context, end == nil else {
            return who.fail(end ?? { .connectionLost(operation: $0, cause: nil) })
        }
        waiting.append(who)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    /// A stream's consumer wants no more. A stream whose turn it is can't be called off but by closing the
    /// connection; one whose turn is yet to come shows then that nobody is there.
    func streamWasLetGo(_ id: StreamID) {
        if isFirst(id) { context?.close(promise: nil) }
    }

    /// A stream's consumer wants more.
    func resumeReading(_ id: StreamID) {
        guard isFirst(id) else { return }
        isPaused = false
        deliver()
        if readHeld, !isPaused {
            readHeld = false
            context?.read()
        }
    }

    private func isFirst(_ id: StreamID) -> Bool {
        guard case .stream(_, let first, _)? = waiting.first else { return false }
        return first === id
    }

    // MARK: Replies

    private func deliver() {
        do {
            while !isPaused, end == nil, let frame = try frames.next() { try deliver(frame) }
        } catch is FrameTooLong {
            let limit = frames.limit
            close { operation in
                VarlinkError(
                    .replyTooLong, operation: operation,
                    remedy: "The reply has more than \(limit) bytes: ask for less, or allow more.")
            }
        } catch {
            close { operation in
                VarlinkError(
                    .malformedReply, operation: operation,
                    remedy: "What the service sent is no varlink reply: is it the right socket?",
                    cause: error)
            }
        }
    }

    private func deliver(_ frame: Data) throws {
        switch waiting.first {
        case .one(let waiter):
            waiting.removeFirst()
            waiter.finish(.success(frame))
        case .stream(let source, _, _):
            let continues = try Wire.header(Wire.ReplyHeader.self, of: frame).continues ?? false
            let wanted = source.yield(frame)
            guard continues else {
                waiting.removeFirst()
                return source.finish()
            }
            switch wanted {
            case .produceMore: break
            case .stopProducing: isPaused = true
            case .dropped: context?.close(promise: nil)
            }
        case nil:
            // Said without being asked: why the service is about to close the connection.
            let name = try Wire.header(Wire.ReplyHeader.self, of: frame).error ?? ""
            close { operation in
                .connectionLost(
                    operation: operation, cause: nil, reply: VarlinkError.Reply(name: name, frame: frame))
            }
        }
    }

    private func close(_ end: @escaping (_ operation: String) -> VarlinkError) {
        guard self.end == nil else { return }
        self.end = end
        for who in waiting { who.fail(end) }
        waiting.removeAll()
        frames = FrameBuffer(limit: frames.limit)
        context?.close(promise: nil)
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard end == nil else { return }
        frames.append(unwrapInboundIn(data))
        deliver()
    }

    func read(context: ChannelHandlerContext) {
        if isPaused { readHeld = true } else { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        channelError = error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // What a stream's consumer hasn't taken yet is not lost with the connection.
        isPaused = false
        deliver()
        let cause = channelError
        close { .connectionLost(operation: $0, cause: cause) }
    }
}

extension VarlinkError {
    static func connectionLost(
        operation: String, cause: (any Error)?, reply: Reply? = nil
    ) -> VarlinkError {
        VarlinkError(
            .connectionLost, operation: operation,
            remedy: "Connect again. Whether the service carried the call out is not known.", cause: cause,
            reply: reply)
    }
}

extension NIOLoopBound where Value: AnyObject {
    /// Runs `body` on the value's event loop: now where that is here, soon otherwise.
    func execute(_ body: @escaping @Sendable (Value) -> Void) {
        if eventLoop.inEventLoop { body(value) } else { eventLoop.execute { body(value) } }
    }
}

extension TimeAmount {
    /// The same length of time, to the nanosecond, no longer than an amount can be.
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, excess) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        self = .nanoseconds(overflow || excess ? (seconds < 0 ? .min : .max) : sum)
    }
}
