// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore
internal import SentinelProtocol
internal import Varlink

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Why a command could not be carried out.
struct ControlError: Error, Hashable {
    let status: ExitStatus
    /// What, where; remedy.
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// What went wrong between this program and the helper that listens at `socket`.
    init(_ error: VarlinkError, socket: String) {
        switch error.code {
        case .notConnected: self.init(notConnected: error, socket)
        case .connectionLost: self.init(connectionLost: error, socket)
        case .timedOut:
            self.init(
                .unreachable,
                "the helper doesn't answer, \(socket); look at its log (journalctl -u sentineld), and whether it is done"
            )
        case .errorReply: self.init(reply: error, socket)
        default:
            self.init(.refused, "\(error.code.rawValue), \(error.operation); \(error.remedy)")
        }
    }

    private init(notConnected error: VarlinkError, _ socket: String) {
        switch (error.cause as? IOError)?.errnoCode {
        case EACCES, EPERM:
            self.init(
                .denied,
                "this user may not speak to the helper, \(socket); run it as root or as a member of the socket's group"
            )
        case ENOENT:
            self.init(
                .unreachable,
                "the helper is not there, \(socket); start it (systemctl start sentineld), or name its socket with "
                    + "--socket")
        case ECONNREFUSED:
            self.init(
                .unreachable, "the helper is not running, \(socket); start it (systemctl start sentineld)")
        default:
            self.init(.unreachable, "the helper is not reachable, \(socket); \(error.remedy)")
        }
    }

    private init(connectionLost error: VarlinkError, _ socket: String) {
        if let reply = error.reply(as: ConnectionInterface.TooManyConnections.self) {
            self.init(
                .unreachable,
                "the helper has no connection left, \(reply.limit) per \(reply.scope), \(socket); "
                    + "close some, or raise [socket] in its configuration")
        } else if let reply = error.reply(as: ConnectionInterface.TooManyBytes.self) {
            self.init(
                .refused, "\(reply.message), \(socket); or raise [socket] bytes_per_user in its configuration"
            )
        } else if let reply = error.reply(as: ConnectionInterface.FrameTooLong.self) {
            self.init(
                .refused, "the call is longer than \(reply.limit) bytes, \(socket); give it less at once")
        } else {
            self.init(
                .unreachable,
                "the helper went away, \(socket); whether it was done is not known: see sentinelctl list")
        }
    }

    private init(reply error: VarlinkError, _ socket: String) {
        if let reply = error.reply(as: HelperInterface.PermissionDenied.self) {
            self.init(.denied, reply.message)
        } else if let reply = error.reply(as: HelperInterface.InvalidRequest.self) {
            // Only what stands in a call's parameters as it was typed gets here.
            self.init(.usage, reply.message)
        } else if let reply = error.reply(as: HelperInterface.Released.self) {
            self.init(.refused, reply.message)
        } else if let reply = error.reply(as: HelperInterface.HistoryUnavailable.self) {
            self.init(.refused, reply.message)
        } else if let reply = error.reply(as: HelperInterface.ReloadRefused.self) {
            self.init(
                .refused,
                "the configuration isn't taken, and nothing has changed:\n"
                    + reply.problems.map { "  \($0)" }.joined(separator: "\n"))
        } else if let reply = error.reply(as: HelperInterface.KernelRefused.self) {
            let element = reply.element.map { " \($0)" } ?? ""
            self.init(
                .refused, "the kernel refused, \(reply.operation)\(element): \(reply.code); \(reply.message)")
        } else {
            self.init(
                .refused,
                "the helper answered \(error.reply?.name ?? "an error"), \(error.operation); "
                    + "are sentinelctl and sentineld of the same version?")
        }
    }
}
