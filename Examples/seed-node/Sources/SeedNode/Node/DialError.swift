// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore
public import Sentinel

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Why a dial came to nothing.
public enum DialError: Error, Hashable, Sendable {
    /// This node's own gate denied it.
    case denied(Denial)
    /// The other side's host or node said no, or hung up before it was ready.
    case refused
    /// A kernel on the way, or this one's, said that there is no way: "No route to host".
    case unreachable(String)
    /// Nobody answered in time.
    case timeout
    /// Someone answered, but not as a seed node, or not the one that was dialed.
    case handshake(HandshakeError)
    /// This side could not even try: no free descriptor or port, say.
    case local(String)
    /// There was no endpoint to dial.
    case noEndpoint
}

extension DialError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .denied(let denial): denial.description
        case .refused: "refused"
        case .unreachable(let message): message
        case .timeout: "no answer"
        case .handshake(let error): "handshake: \(error)"
        case .local(let message): message
        case .noEndpoint: "no endpoint to dial"
        }
    }

    /// The kind of error in one word, for a report.
    public var outcome: String {
        switch self {
        case .denied: "denied"
        case .refused: "refused"
        case .unreachable: "unreachable"
        case .timeout: "timeout"
        case .handshake: "handshake"
        case .local, .noEndpoint: "local"
        }
    }
}

extension DialError {
    /// What an error of a socket means to who dials.
    init(_ error: any Error) {
        switch error {
        case let error as DialError: self = error
        case ChannelError.connectTimeout: self = .timeout
        case let error as IOError: self.init(errno: error.errnoCode)
        default: self = .refused
        }
    }

    private init(errno: Int32) {
        switch errno {
        case ECONNREFUSED, ECONNRESET, EPIPE: self = .refused
        case ETIMEDOUT: self = .timeout
        case EHOSTUNREACH, ENETUNREACH, EACCES, EPERM: self = .unreachable(Self.message(errno))
        default: self = .local(Self.message(errno))
        }
    }

    private static func message(_ errno: Int32) -> String {
        strerror(errno).map { String(cString: $0) } ?? "errno \(errno)"
    }
}
