// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Configuration {
    /// `[[feed]]`: a file that lists whom the kernel refuses, as long as it lists them.
    public struct Feed: Hashable, Sendable {
        /// What it is called in logs and by `sentinelctl feeds`.
        public var name: String
        /// The file's absolute path.
        public var path: String
        /// How it is written; nil: found out by its beginning.
        public var format: FeedFormat?
        /// How old the file may become before what it lists is let in again; nil: as old as it likes.
        public var maxAge: Duration?

        public init(name: String, path: String, format: FeedFormat? = nil, maxAge: Duration? = nil) {
            self.name = name
            self.path = path
            self.format = format
            self.maxAge = maxAge
        }
    }

    /// How a feed is written: the formats of `sentinelctl import` that are text, by the same names.
    public enum FeedFormat: String, Codable, Hashable, Sendable, CaseIterable {
        case sentinel
        case bitcoin
        case bitcoinRPC = "bitcoin-rpc"
        case crowdsec
        case crowdsecStream = "crowdsec-stream"
        case fail2ban
        case monero
        case moneroRPC = "monero-rpc"
        case plain
        case sshguard
    }
}

extension Configuration.Feed: Codable {
    enum CodingKeys: String, CodingKey {
        case name, path, format
        case maxAge = "max_age"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        path = try container.decode(String.self, forKey: .path)
        format = try container.decode(Configuration.FeedFormat?.self, forKey: .format)
        maxAge = try container.decode(Int64?.self, forKey: .maxAge).map { .milliseconds($0) }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(path, forKey: .path)
        try container.encode(format, forKey: .format)
        try container.encode(maxAge?.milliseconds, forKey: .maxAge)
    }
}
