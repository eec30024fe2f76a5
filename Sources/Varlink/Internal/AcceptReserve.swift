// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A descriptor kept for when there is no other: accept(2) then fails, the clients that wait stay in the listener's
/// queue, and the loop is told of them again and again. With the reserve they are taken off and closed, so each sees
/// the end of its connection at once, and may come again.
final class AcceptReserve: ChannelInboundHandler {
    typealias InboundIn = Any

    private var reserve: CInt
    /// Told of each client that was turned away, with the errno.
    private let turnedAway: (CInt) -> Void

    init(turnedAway: @escaping (CInt) -> Void) {
        self.turnedAway = turnedAway
        reserve = Self.open()
    }

    deinit { if reserve >= 0 { _ = close(reserve) } }

    /// How long nothing is accepted after a failure. Short, for whoever comes then waits; and not nothing, so that the
    /// loop doesn't spin where not even the reserve could be had.
    static var backoff: TimeAmount { .milliseconds(100) }

    /// So many clients at most are turned away at once. The others have their turn after the next failure.
    private static var mostAtOnce: Int { 256 }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? IOError, error.errnoCode == EMFILE || error.errnoCode == ENFILE {
            let pipeline = context.channel.pipeline.syncOperations
            _ = try? pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
                turnAway(at: $0, error.errnoCode)
            }
        }
        context.fireErrorCaught(error)
    }

    private func turnAway(at listener: CInt, _ code: CInt) {
        for _ in 0..<Self.mostAtOnce {
            if reserve >= 0 { _ = close(reserve) }
            reserve = -1
            let client = accept(listener, nil, nil)
            if client >= 0 { _ = close(client) }
            reserve = Self.open()
            guard client >= 0 else { return }
            turnedAway(code)
        }
    }

    private static func open() -> CInt {
        #if canImport(Darwin)
            Darwin.open("/dev/null", O_RDONLY | O_CLOEXEC)
        #elseif canImport(Musl)
            Musl.open("/dev/null", O_RDONLY | O_CLOEXEC)
        #else
            Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
        #endif
    }
}
