// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Configuration {
    /// `[ledger]`: what is remembered across restarts and reboots.
    public struct Ledger: Hashable, Sendable {
        /// The absolute path of the directory that it lies in; nil: there is none, and bans last as long as the kernel
        /// has them.
        public var directory: String? = "/var/lib/sentinel"
        /// How long it is kept what has happened to bans.
        public var history = Duration.seconds(90 * 86_400)
        /// How many such events are kept at most.
        public var events = 1_000_000

        /// The defaults.
        public init() {}
    }
}

extension Configuration.Ledger: Codable {
    enum CodingKeys: String, CodingKey {
        case directory, history, events
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        directory = try container.decode(String?.self, forKey: .directory)
        history = .milliseconds(try container.decode(Int64.self, forKey: .history))
        events = try container.decode(Int.self, forKey: .events)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(directory, forKey: .directory)
        try container.encode(history.milliseconds, forKey: .history)
        try container.encode(events, forKey: .events)
    }
}
