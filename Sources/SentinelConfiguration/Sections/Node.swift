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

        /// The defaults.
        public init() {}
    }
}

extension Configuration.Node: Codable {
    enum CodingKeys: String, CodingKey {
        case ports, users
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        ports = try container.decodeTexts(ListeningPort.self, forKey: .ports)
        users = try container.decodeTexts(Account.self, forKey: .users)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(ports.map(\.description), forKey: .ports)
        try container.encode(users.map(\.description), forKey: .users)
    }
}
