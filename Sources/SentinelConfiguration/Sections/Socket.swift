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
        /// How many more there may be of root and those who may operate.
        public var reservedConnections = 16
        /// How many connections of one user there may be.
        public var connectionsPerUser = 64
        /// How long a call may be, in bytes.
        public var callBytes = 1_048_576
        /// How many bytes may be held for one user: calls that aren't whole, and replies that aren't read.
        public var bytesPerUser = 33_554_432
        /// How many calls one user may make a second.
        public var callsPerSecond = 1000
        /// How many denials one user may hand over a second.
        public var denialsPerSecond = 10_000
        /// How long replies may wait without any of them being read.
        public var stalledAfter = Duration.seconds(60)

        /// The defaults.
        public init() {}
    }
}

extension Configuration.Socket: Codable {
    enum CodingKeys: String, CodingKey {
        case path, mode, connections
        case connectionsPerUser = "connections_per_user"
        case reservedConnections = "reserved_connections"
        case callBytes = "call_bytes"
        case bytesPerUser = "bytes_per_user"
        case callsPerSecond = "calls_per_second"
        case denialsPerSecond = "denials_per_second"
        case stalledAfter = "stalled_after"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        path = try container.decode(String.self, forKey: .path)
        mode = try container.decodeText(FileMode.self, forKey: .mode)
        connections = try container.decode(Int.self, forKey: .connections)
        connectionsPerUser = try container.decode(Int.self, forKey: .connectionsPerUser)
        reservedConnections = try container.decode(Int.self, forKey: .reservedConnections)
        callBytes = try container.decode(Int.self, forKey: .callBytes)
        bytesPerUser = try container.decode(Int.self, forKey: .bytesPerUser)
        callsPerSecond = try container.decode(Int.self, forKey: .callsPerSecond)
        denialsPerSecond = try container.decode(Int.self, forKey: .denialsPerSecond)
        stalledAfter = .milliseconds(try container.decode(Int64.self, forKey: .stalledAfter))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(path, forKey: .path)
        try container.encode(mode.description, forKey: .mode)
        try container.encode(connections, forKey: .connections)
        try container.encode(connectionsPerUser, forKey: .connectionsPerUser)
        try container.encode(reservedConnections, forKey: .reservedConnections)
        try container.encode(callBytes, forKey: .callBytes)
        try container.encode(bytesPerUser, forKey: .bytesPerUser)
        try container.encode(callsPerSecond, forKey: .callsPerSecond)
        try container.encode(denialsPerSecond, forKey: .denialsPerSecond)
        try container.encode(stalledAfter.milliseconds, forKey: .stalledAfter)
    }
}
