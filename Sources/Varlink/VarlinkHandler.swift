// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Who answers a service's calls: an actor that runs on the service's event loop, so that a call reaches it
/// without a hop to another thread and without a task.
///
/// ```swift
/// actor Echo: VarlinkHandler {
///     let eventLoop: any EventLoop
///     nonisolated var unownedExecutor: UnownedSerialExecutor {
///         eventLoop.executor.asUnownedSerialExecutor()
///     }
///
///     func handle(_ call: VarlinkCall) throws(VarlinkFailure) {
///         switch call.method {
///         case ExampleInterface.echo.name:
///             call.reply(try call.parameters(of: ExampleInterface.echo))
///         default:
///             throw .methodNotFound(call.method)
///         }
///     }
/// }
/// ```
public protocol VarlinkHandler: Actor {
    /// Answers a call to any interface of the service but those the service answers itself: now, or later by
    /// keeping the call. What is thrown is the answer.
    ///
    /// The calls of one connection come one by one: the next one when this one has its last reply.
    func handle(_ call: VarlinkCall) throws(VarlinkFailure)

    /// Whether a client isn't held to the rates in ``VarlinkService/Limits``, and may have one of the connections that
    /// are kept for such clients. By default, nobody is trusted.
    func isTrusted(_ peer: PeerCredentials) -> Bool

    /// Hears that the service has closed a connection whose client took more than it may. By default, nothing is done.
    func connectionDropped(_ drop: VarlinkDrop)
}

extension VarlinkHandler {
    public func isTrusted(_ peer: PeerCredentials) -> Bool { false }

    public func connectionDropped(_ drop: VarlinkDrop) {}
}
