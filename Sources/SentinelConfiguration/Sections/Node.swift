// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

extension Configuration {
    /// `[node]`: the node that is protected.
    public struct Node: Hashable, Sendable {
        /// The ports it listens on: accept bans touch packets to these only.
        public var ports = [ListeningPort(.tcp, 8776), ListeningPort(.udp, 8776)]
        /// The users it runs as: dial bans touch packets of these only.
        public var users = [Account.name("seed")]
        /// The widest block of IPv4 addresses that a node may ban, as a prefix length; nil: it may ban none.
        public var widest4: Int? = 24
        /// The widest block of IPv6 addresses that a node may ban, as a prefix length; nil: it may ban none.
        public var widest6: Int? = 48

        /// The defaults.
        public init() {}
    }
}

extension Configuration.Node: Codable {
    enum CodingKeys: String, CodingKey {
        case ports, users, widest4, widest6
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        ports = try container.decodeTexts(ListeningPort.self, forKey: .ports)
        users = try container.decodeTexts(Account.self, forKey: .users)
        widest4 = try container.decode(Int?.self, forKey: .widest4)
        widest6 = try container.decode(Int?.self, forKey: .widest6)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(ports.map(\.description), forKey: .ports)
        try container.encode(users.map(\.description), forKey: .users)
        try container.encode(widest4, forKey: .widest4)
        try container.encode(widest6, forKey: .widest6)
    }
}
