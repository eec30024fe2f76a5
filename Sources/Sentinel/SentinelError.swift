// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Why something could not be read or made: what is wrong, where, and what to do about it.
public struct SentinelError: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// Nothing was given where something is needed.
        case empty
        /// More bytes or components than are accepted; nothing beyond the cap was looked at.
        case tooLong
        /// A character or byte that can't stand where it stands.
        case malformed
        /// The input ended within something.
        case truncated
        /// Bytes are left over behind something complete.
        case trailing
        /// A protocol that is not in the multiaddr table.
        case unknownProtocol
        /// An encoding, hash function or content type that is not accepted here.
        case unsupported
        /// A number, a length or a time outside of what is accepted.
        case outOfRange
    }

    /// What is wrong.
    public let code: Code
    /// What was being read: "peer id", "reason", or for a multiaddr the component's protocol, "tcp".
    public let element: String
    /// How many bytes into the input the fault lies, where it lies in the input.
    public let offset: Int?
    /// What would be accepted.
    public let remedy: String

    public init(_ code: Code, in element: String, at offset: Int? = nil, remedy: String) {
        self.code = code
        self.element = element
        self.offset = offset
        self.remedy = remedy
    }
}

extension SentinelError: CustomStringConvertible {
    public var description: String {
        let place = offset.map { " at byte \($0)" } ?? ""
        return "\(element)\(place): \(code.phrase); \(remedy)"
    }
}

extension SentinelError.Code {
    /// The code in words.
    package var phrase: String {
        switch self {
        case .empty: "is empty"
        case .tooLong: "is too long"
        case .malformed: "is malformed"
        case .truncated: "ends too early"
        case .trailing: "is followed by more than belongs to it"
        case .unknownProtocol: "is no known protocol"
        case .unsupported: "is not supported"
        case .outOfRange: "is out of range"
        }
    }
}
