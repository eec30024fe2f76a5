// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Precedence

extension Configuration {
    /// `[durations]`: how long bans last.
    ///
    /// Which terms hold for a ban goes by its check and its reason, key by key: the value of a key is that of
    /// the most specific section that has it, of check and reason, then reason, then check, then the default.
    /// What is in here is resolved: all terms are complete, and the most specific ones alone hold.
    public struct Durations: Hashable, Sendable {
        /// The longest duration that a node gets if it wishes for one.
        public var nodeMaximum = Duration.seconds(7 * 86_400)
        /// Holds where nothing else does.
        public var fallback = Terms()
        public var byCheck: [Check: Terms] = [:]
        public var byReason: [String: Terms] = [:]
        public var byCheckAndReason: [Check: [String: Terms]] = [:]

        /// The defaults.
        public init() {}

        /// The terms that hold for a ban.
        public func terms(check: Check, reason: String) -> Terms {
            Precedence.first(
                check: check, reason: reason, both: byCheckAndReason, byReason: byReason, byCheck: byCheck,
                otherwise: fallback)
        }

        /// All terms with the check and the reason that they are for: those for all bans first, then those for a check,
        /// for a reason, and for both.
        public var all: [(check: Check?, reason: String?, terms: Terms)] {
            var all: [(check: Check?, reason: String?, terms: Terms)] = [(nil, nil, fallback)]
            for check in Check.allCases {
                if let terms = byCheck[check] { all.append((check, nil, terms)) }
            }
            for (reason, terms) in byReason.sorted(by: { $0.key < $1.key }) {
                all.append((nil, reason, terms))
            }
            for check in Check.allCases {
                for (reason, terms) in (byCheckAndReason[check] ?? [:]).sorted(by: { $0.key < $1.key }) {
                    all.append((check, reason, terms))
                }
            }
            return all
        }

        /// The longest duration that can be configured: a hundred years of 365 days.
        package static let longest = Duration.seconds(36_500 * 86_400)
    }

    /// Where a denial takes effect; the words are those of the helper's interface.
    public enum Check: String, Codable, CodingKeyRepresentable, Hashable, Sendable, CaseIterable {
        case accept, dial, network
    }
}

extension Configuration.Durations {
    /// How long a ban lasts: the nth strike's ban lasts `first × factor^(n−1)`, at most `maximum`, less a random
    /// share of up to `jitter` of it.
    public struct Terms: Hashable, Sendable {
        /// How long the first ban lasts.
        public var first = Duration.seconds(600)
        /// How many times longer each further ban is: 1, or at least 1.01.
        public var factor = 4.0
        /// How long a ban lasts at most.
        public var maximum = Duration.seconds(7 * 86_400)
        /// The share of a ban that chance may take off: from 0 to below 1.
        public var jitter = 0.1
        /// How long a strike is remembered.
        public var forgetAfter = Duration.seconds(30 * 86_400)
        /// The strike from which on a ban is for good, counted from 1; nil where no ban is.
        public var permanentAfter: Int?

        /// The defaults.
        public init() {}
    }
}

extension Configuration.Durations: Codable {
    enum CodingKeys: String, CodingKey {
        case nodeMaximum = "node_maximum"
        case fallback = "default"
        case byCheck = "by_check"
        case byReason = "by_reason"
        case byCheckAndReason = "by_check_and_reason"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        nodeMaximum = .milliseconds(try container.decode(Int64.self, forKey: .nodeMaximum))
        fallback = try container.decode(Terms.self, forKey: .fallback)
        byCheck = try container.decode([Configuration.Check: Terms].self, forKey: .byCheck)
        byReason = try container.decode([String: Terms].self, forKey: .byReason)
        byCheckAndReason = try container.decode(
            [Configuration.Check: [String: Terms]].self, forKey: .byCheckAndReason)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(nodeMaximum.milliseconds, forKey: .nodeMaximum)
        try container.encode(fallback, forKey: .fallback)
        try container.encode(byCheck, forKey: .byCheck)
        try container.encode(byReason, forKey: .byReason)
        try container.encode(byCheckAndReason, forKey: .byCheckAndReason)
    }
}

extension Configuration.Durations.Terms: Codable {
    enum CodingKeys: String, CodingKey {
        case first, factor, maximum, jitter
        case forgetAfter = "forget_after"
        case permanentAfter = "permanent_after"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        first = .milliseconds(try container.decode(Int64.self, forKey: .first))
        factor = try container.decode(Double.self, forKey: .factor)
        maximum = .milliseconds(try container.decode(Int64.self, forKey: .maximum))
        jitter = try container.decode(Double.self, forKey: .jitter)
        forgetAfter = .milliseconds(try container.decode(Int64.self, forKey: .forgetAfter))
        permanentAfter = try container.decodeIfPresent(Int.self, forKey: .permanentAfter)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(first.milliseconds, forKey: .first)
        try container.encode(factor, forKey: .factor)
        try container.encode(maximum.milliseconds, forKey: .maximum)
        try container.encode(jitter, forKey: .jitter)
        try container.encode(forgetAfter.milliseconds, forKey: .forgetAfter)
        try container.encodeIfPresent(permanentAfter, forKey: .permanentAfter)
    }
}
