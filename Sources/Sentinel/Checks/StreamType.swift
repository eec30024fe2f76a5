// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What a stream is for.
///
/// Source: `StreamType` of the RFC "Connection Sentinels", which names radicle's four; every other stream goes
/// by its libp2p protocol id.
public enum StreamType: Hashable, Sendable {
    case git
    case membership
    case gossip
    /// The RFC spells it `Interogation`.
    case interrogation
    /// A stream of another protocol.
    case custom(ProtocolID)
}

extension StreamType: LosslessStringConvertible {
    /// Reads one of the RFC's names in lower case, or else a protocol id; nil where it is neither.
    public init?(_ text: String) {
        switch text {
        case "git": self = .git
        case "membership": self = .membership
        case "gossip": self = .gossip
        case "interrogation": self = .interrogation
        default:
            guard let id = ProtocolID(text) else { return nil }
            self = .custom(id)
        }
    }

    public var description: String {
        switch self {
        case .git: "git"
        case .membership: "membership"
        case .gossip: "gossip"
        case .interrogation: "interrogation"
        case .custom(let id): id.description
        }
    }
}
