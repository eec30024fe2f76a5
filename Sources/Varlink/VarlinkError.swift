// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials

/// Why a client has no reply.
public struct VarlinkError: Error, CustomStringConvertible {
    /// What is wrong; there may be more of them one day.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// No connection came about.
        public static let notConnected = Code(rawValue: "not-connected")
        /// The connection ended before the reply came. The service may have carried the call out.
        public static let connectionLost = Code(rawValue: "connection-lost")
        /// No reply came in time. The service may still carry the call out.
        public static let timedOut = Code(rawValue: "timed-out")
        /// The caller's task was cancelled. The service may still carry the call out.
        public static let cancelled = Code(rawValue: "cancelled")
        /// The service answered with an error; see ``VarlinkError/reply``.
        public static let errorReply = Code(rawValue: "error-reply")
        /// The service's reply is longer than the client reads.
        public static let replyTooLong = Code(rawValue: "reply-too-long")
        /// The service's reply is no varlink reply, or not of the method's type.
        public static let malformedReply = Code(rawValue: "malformed-reply")
        /// The parameters have no JSON form.
        public static let unencodableCall = Code(rawValue: "unencodable-call")
    }

    /// An error that the service answered with.
    public struct Reply: Sendable {
        /// The error's qualified name.
        public let name: String
        private let frame: Data

        init(name: String, frame: Data) {
            self.name = name
            self.frame = frame
        }

        /// The error, where it is of this type and has the type's parameters.
        public func parameters<Parameters: VarlinkErrorReply>(
            _ type: Parameters.Type = Parameters.self
        ) -> Parameters? {
            name == type.name ? try? Wire.parameters(type, of: frame) : nil
        }

        /// The whole reply as JSON.
        public var json: String { String(decoding: frame, as: UTF8.self) }
    }

    public let code: Code
    /// What was being done: the method's name, or `connect /run/example`.
    public let operation: String
    /// What can be done about it.
    public let remedy: String
    /// The error below, where there is one.
    public let cause: (any Error)?
    /// What the service said, for ``Code/errorReply``, and for ``Code/connectionLost`` where the service said
    /// why it closed the connection.
    public let reply: Reply?

    init(
        _ code: Code, operation: String, remedy: String, cause: (any Error)? = nil, reply: Reply? = nil
    ) {
        self.code = code
        self.operation = operation
        self.remedy = remedy
        self.cause = cause
        self.reply = reply
    }

    /// The service's error reply, where it is of this type.
    public func reply<Parameters: VarlinkErrorReply>(as type: Parameters.Type) -> Parameters? {
        reply?.parameters(type)
    }

    public var description: String {
        var text = "\(operation): \(code.rawValue)"
        if let reply { text += " \(reply.json)" }
        if let cause { text += " (\(cause))" }
        return "\(text). \(remedy)"
    }
}
