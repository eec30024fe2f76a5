// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A check whose bans are tried out: they refuse nobody.
public struct ShadowedCheck: WireWord {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public static let accept = ShadowedCheck(rawValue: "accept")
    public static let dial = ShadowedCheck(rawValue: "dial")
    public static let network = ShadowedCheck(rawValue: "network")
    /// Bulk lists.
    public static let feed = ShadowedCheck(rawValue: "feed")
}

/// Bans in shadow that are alike, and what they would have refused.
public struct ShadowReason: Codable, Hashable, Sendable {
    public var check: Check
    public var reason: String
    /// How many are in force.
    public var bans: Int
    /// How many of them packets have matched.
    public var matched: Int
    public var packets: Int64
    public var bytes: Int64

    public init(check: Check, reason: String, bans: Int, matched: Int, packets: Int64, bytes: Int64) {
        self.check = check
        self.reason = reason
        self.bans = bans
        self.matched = matched
        self.packets = packets
        self.bytes = bytes
    }
}

/// A ban in shadow, and what it would have refused.
public struct ShadowSource: Codable, Hashable, Sendable {
    public var ban: Ban
    public var packets: Int64
    public var bytes: Int64

    public init(ban: Ban, packets: Int64, bytes: Int64) {
        self.ban = ban
        self.packets = packets
        self.bytes = bytes
    }
}

/// A ban in shadow to whose subject the node had connections while it was in force.
public struct ShadowContact: Codable, Hashable, Sendable {
    public var ban: Ban
    /// Whether it still is.
    public var inForce: Bool
    /// Where the connections led to: some of the addresses.
    public var remotes: [String]
    /// When one was seen first.
    public var first: Timestamp
    /// When something had gone through one, or a UDP socket was there, for the last time.
    public var last: Timestamp
    /// TCP connections that worked: both sides had sent something, and something went through under the ban.
    public var connections: Int
    /// How many of them were there at the last look.
    public var open: Int
    /// Bytes that came by them under the ban.
    public var received: Int64
    /// Bytes that went out by them under the ban, and arrived.
    public var sent: Int64
    /// Connected UDP sockets; what passes there the kernel doesn't tell.
    public var udp: Int

    public init(
        ban: Ban, inForce: Bool, remotes: [String], first: Timestamp, last: Timestamp, connections: Int,
        open: Int, received: Int64, sent: Int64, udp: Int
    ) {
        self.ban = ban
        self.inForce = inForce
        self.remotes = remotes
        self.first = first
        self.last = last
        self.connections = connections
        self.open = open
        self.received = received
        self.sent = sent
        self.udp = udp
    }

    private enum CodingKeys: String, CodingKey {
        case ban, remotes, first, last, connections, open, received, sent, udp
        case inForce = "in_force"
    }
}

extension HelperInterface {
    /// ``HelperInterface/shadow``
    public enum Shadow {
        public struct Parameters: Codable, Hashable, Sendable {
            /// Only these bans, in reasons, sources and contacts; absent: all.
            public var filter: Filter?
            /// So many sources at most, 1 to 1000; absent: 20.
            public var top: Int?

            public init(filter: Filter? = nil, top: Int? = nil) {
                self.filter = filter
                self.top = top
            }
        }

        public struct Reply: Codable, Hashable, Sendable {
            /// Which are in shadow; empty: none is, and nothing else is told.
            public var checks: [ShadowedCheck]
            /// Since when connections are looked at.
            public var since: Timestamp?
            /// How often they are: one that was shorter may not have been seen.
            public var interval: Milliseconds
            /// The sets of these checks, without their elements.
            public var sets: [SetInfo]
            /// How many bans are in force there.
            public var bans: Int
            /// How many there have been since then, in all.
            public var seen: Int
            /// Bans in force, those first that would have refused most.
            public var reasons: [ShadowReason]
            /// Bans in force that would have refused most, the most first.
            public var sources: [ShadowSource]
            /// Bans whose subjects had connections, those first that had some last; also of bans that have ended.
            public var contacts: [ShadowContact]
            /// How many connections of such subjects were too many to look at.
            public var overlooked: Int

            public init(
                checks: [ShadowedCheck], since: Timestamp? = nil, interval: Milliseconds,
                sets: [SetInfo] = [],
                bans: Int = 0, seen: Int = 0, reasons: [ShadowReason] = [], sources: [ShadowSource] = [],
                contacts: [ShadowContact] = [], overlooked: Int = 0
            ) {
                self.checks = checks
                self.since = since
                self.interval = interval
                self.sets = sets
                self.bans = bans
                self.seen = seen
                self.reasons = reasons
                self.sources = sources
                self.contacts = contacts
                self.overlooked = overlooked
            }
        }
    }
}
