// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// What a report shows: all of its figures, and nothing of how they look.
struct ReportFigures: Encodable, Sendable {
    /// Counts over time, one for each step of ``History/step`` from ``ReportFigures/since`` on.
    struct Series: Encodable, Hashable, Sendable {
        var name: String
        var total: Int
        var counts: [Int]
    }

    /// What the ledger remembers of the time.
    struct History: Encodable, Hashable, Sendable {
        /// How long each count is for.
        var step: Milliseconds
        /// The bans that began, by their reasons, the most frequent first. Reasons beyond the first 200 are "other".
        var bans: [Series]
        /// What became of bans, by the kinds of events but `banned`.
        var changes: [Series]
        /// When the first event was that is counted here.
        var earliest: Timestamp?
    }

    /// How full a set is, and what it has had refused.
    struct Fill: Encodable, Hashable, Sendable {
        var name: String
        var count: Int
        /// Absent: no limit.
        var capacity: Int?
        /// Absent where it doesn't count.
        var packets: Int64?
        var bytes: Int64?
    }

    /// A block of addresses with what is counted in it.
    struct Prefix: Encodable, Hashable, Sendable {
        var network: String
        var count: Int64
    }

    /// The blocks of 24 or 48 bits, or wider where a wider one is banned, that hold most.
    struct Prefixes: Encodable, Hashable, Sendable {
        /// By the bans in force.
        var bans: [Prefix] = []
        /// By the packets that their elements have refused.
        var packets: [Prefix] = []
        /// Whether all elements were counted that have refused a packet; else the 1000 of each set that refused most.
        var allPackets = true
    }

    /// Bans that last for at least `from` and less than `to`.
    struct DurationRange: Encodable, Hashable, Sendable {
        /// Absent: for good.
        var from: Milliseconds?
        /// Absent: without a limit, or for good.
        var to: Milliseconds?
        /// So many were granted for this long.
        var granted: Int
        /// So many have this long to go.
        var left: Int
    }

    /// Bans whose subjects have so many strikes.
    struct StrikeRange: Encodable, Hashable, Sendable {
        var from: Int
        /// Absent: or more.
        var to: Int?
        var bans: Int
    }

    /// Somebody who is banned, with what he has cost.
    struct Offender: Encodable, Hashable, Sendable {
        var key: String
        var set: String
        /// Absent where that isn't counted or wasn't asked for.
        var packets: Int64?
        var bytes: Int64?
        /// What the kernel's element says of itself.
        var comment: String?
        /// Absent where the element belongs to no ban.
        var ban: Ban?
    }

    var host: String
    /// When these figures were read.
    var taken: Timestamp
    /// Where the history of ``history`` begins.
    var since: Timestamp
    var status: Status
    var sets: [Fill]
    /// Absent where there is none; ``historyProblem`` says why.
    var history: History?
    var historyProblem: String?
    var prefixes: Prefixes
    var durations: [DurationRange]
    var strikes: [StrikeRange]
    /// Those whose elements have refused most packets.
    var offenders: [Offender]
    /// Those with most strikes, of those with more than one.
    var repeaters: [Offender]

    private enum CodingKeys: String, CodingKey {
        case host, taken, since, status, sets, history, prefixes, durations, strikes, offenders, repeaters
        case historyProblem = "history_problem"
    }
}

extension ReportFigures.Prefixes {
    private enum CodingKeys: String, CodingKey {
        case bans, packets
        case allPackets = "all_packets"
    }
}
