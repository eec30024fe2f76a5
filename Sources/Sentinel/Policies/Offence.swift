// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What a peer has done wrong.
public enum Offence: UInt8, Hashable, Sendable, CaseIterable {
    /// The security handshake came to nothing. Whom the other end claimed to be isn't to blame: it hasn't shown that
    /// it was.
    case failedHandshake
    /// It broke a protocol on a connection on which it has shown who it is.
    case protocolViolation
    /// A stream of its was denied. A sentinel notes that by itself.
    case streamDenied
    /// A connection of its was denied after the handshake. A sentinel notes that by itself.
    case connectionDenied
    /// It didn't answer in time, on a connection on which it has shown who it is.
    case timeout
}

extension Offence: LosslessStringConvertible {
    public init?(_ text: String) {
        guard let offence = Self.allCases.first(where: { $0.description == text }) else { return nil }
        self = offence
    }

    /// The name that configurations and logs use.
    public var description: String {
        switch self {
        case .failedHandshake: "failed-handshake"
        case .protocolViolation: "protocol-violation"
        case .streamDenied: "stream-denied"
        case .connectionDenied: "connection-denied"
        case .timeout: "timeout"
        }
    }
}

/// How much an offence weighs.
///
/// Source: `Severity` of heartwood, radicle's node, with its weights.
public enum Severity: UInt8, Hashable, Sendable, CaseIterable {
    /// Nothing to hold against anyone.
    case low
    /// It adds up.
    case medium
    /// A few are enough.
    case high

    /// What it adds to a score: 0, 1 or 8.
    public var weight: Int {
        switch self {
        case .low: 0
        case .medium: 1
        case .high: 8
        }
    }
}

extension Severity: LosslessStringConvertible {
    public init?(_ text: String) {
        guard let severity = Self.allCases.first(where: { $0.description == text }) else { return nil }
        self = severity
    }

    public var description: String {
        switch self {
        case .low: "low"
        case .medium: "medium"
        case .high: "high"
        }
    }
}

extension Denial {
    /// Whether it is for what the peer itself has done, or is. To have as many connections as one may have is no
    /// offence.
    var isForOffending: Bool {
        (self.basis == .peer || self.basis == .rule) && self.reason != .connectionLimit
    }
}
