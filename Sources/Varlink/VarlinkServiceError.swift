// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Why a service can't listen.
public struct VarlinkServiceError: Error, CustomStringConvertible {
    /// What is wrong; there may be more of them one day.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The path is no valid address of a Unix socket: empty, or too long.
        public static let invalidPath = Code(rawValue: "invalid-path")
        /// A service listens at the path already.
        public static let inUse = Code(rawValue: "in-use")
        /// There is something at the path that is no socket.
        public static let notASocket = Code(rawValue: "not-a-socket")
        /// The descriptor is no listening Unix stream socket.
        public static let unfitDescriptor = Code(rawValue: "unfit-descriptor")
        /// A system call failed; see ``VarlinkServiceError/cause``.
        public static let system = Code(rawValue: "system")
    }

    public let code: Code
    /// What was being done: `bind /run/example`.
    public let operation: String
    /// What the operator can do about it.
    public let remedy: String
    /// The error below, where there is one.
    public let cause: (any Error)?

    init(_ code: Code, operation: String, remedy: String, cause: (any Error)? = nil) {
        self.code = code
        self.operation = operation
        self.remedy = remedy
        self.cause = cause
    }

    public var description: String {
        "\(operation): \(code.rawValue)" + (cause.map { " (\($0))" } ?? "") + ". \(remedy)"
    }
}
