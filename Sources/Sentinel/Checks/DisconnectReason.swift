// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What a peer is told when its connection is closed.
///
/// Source: libp2p's `control.DisconnectReason`: "A zero value stands for 'no reason' / NA." It assigns no other
/// numbers; those here are the connection error codes of `network.ConnErrorCode`.
public struct DisconnectReason: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// No reason is given.
    public static let none = DisconnectReason(rawValue: 0)
    /// `ConnResourceLimitExceeded`.
    public static let resourceLimitExceeded = DisconnectReason(rawValue: 0x1001)
    /// `ConnRateLimited`.
    public static let rateLimited = DisconnectReason(rawValue: 0x1002)
    /// `ConnProtocolViolation`.
    public static let protocolViolation = DisconnectReason(rawValue: 0x1003)
    /// `ConnGarbageCollected`: trimmed by a connection manager.
    public static let garbageCollected = DisconnectReason(rawValue: 0x1005)
    /// `ConnGated`: a gater refused it.
    public static let gated = DisconnectReason(rawValue: 0x1007)
}

extension DisconnectReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .none: "none"
        case .resourceLimitExceeded: "resource-limit-exceeded"
        case .rateLimited: "rate-limited"
        case .protocolViolation: "protocol-violation"
        case .garbageCollected: "garbage-collected"
        case .gated: "gated"
        default: "0x" + String(rawValue, radix: 16)
        }
    }
}
