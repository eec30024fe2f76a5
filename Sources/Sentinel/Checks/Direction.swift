// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Which side began a connection.
///
/// Source: libp2p's `network.Direction`, whose numbers these are.
public enum Direction: UInt8, Hashable, Sendable, CaseIterable {
    /// It is not known.
    case unknown
    /// The remote peer did.
    case inbound
    /// This node did.
    case outbound
}

extension Direction: LosslessStringConvertible {
    public init?(_ text: String) {
        guard let direction = Self.allCases.first(where: { $0.description == text }) else { return nil }
        self = direction
    }

    public var description: String {
        switch self {
        case .unknown: "unknown"
        case .inbound: "inbound"
        case .outbound: "outbound"
        }
    }
}
