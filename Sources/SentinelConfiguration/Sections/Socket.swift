// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Configuration {
    /// `[socket]`: where sentineld is spoken to, and how much of it one caller may use.
    public struct Socket: Hashable, Sendable {
        /// The Unix socket's absolute path.
        public var path = "/run/sentinel/sentinel.sock"
        /// The socket file's permissions.
        public var mode = FileMode(bits: 0o660)
        /// How many connections there may be.
        public var connections = 256
        /// How many connections of one user there may be.
        public var connectionsPerUser = 64
        /// How long a call may be, in bytes.
        public var callBytes = 1_048_576

        /// The defaults.
        public init() {}
    }
}

extension Configuration.Socket: Codable {
    enum CodingKeys: String, CodingKey {
        case path, mode, connections
        case connectionsPerUser = "connections_per_user"
        case callBytes = "call_bytes"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        path = try container.decode(String.self, forKey: .path)
        mode = try container.decodeText(FileMode.self, forKey: .mode)
        connections = try container.decode(Int.self, forKey: .connections)
        connectionsPerUser = try container.decode(Int.self, forKey: .connectionsPerUser)
        callBytes = try container.decode(Int.self, forKey: .callBytes)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(path, forKey: .path)
        try container.encode(mode.description, forKey: .mode)
        try container.encode(connections, forKey: .connections)
        try container.encode(connectionsPerUser, forKey: .connectionsPerUser)
        try container.encode(callBytes, forKey: .callBytes)
    }
}
