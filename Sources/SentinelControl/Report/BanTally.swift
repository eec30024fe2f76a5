// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// Counts bans in force, however many there are, and keeps those that have a row of their own.
struct BanTally: Sendable {
    private let now: Timestamp
    /// The bans that somebody wants to know more of.
    private let wanted: Set<Int64>
    private(set) var found: [Int64: Ban] = [:]
    private(set) var prefixes = PrefixTally()
    private(set) var repeaters: [Ban] = []
    private var granted = [Int](repeating: 0, count: Self.bounds.count + 1)
    private var left = [Int](repeating: 0, count: Self.bounds.count + 1)
    private var strikes = [Int](repeating: 0, count: Self.steps.count)

    static var mostRepeaters: Int { 10 }

    private static let minute: Int64 = 60_000
    /// Where a range of lengths of time begins; the last is without an end.
    private static let bounds = [0, 1, 10, 60, 360, 1440, 10_080, 43_200].map { $0 * minute }
    /// Where a range of strikes begins; the last is without an end.
    private static let steps = [0, 1, 2, 3, 4, 5, 10]

    init(now: Timestamp, wanted: Set<Int64>) {
        self.now = now
        self.wanted = wanted
    }

    mutating func add(_ ban: Ban) {
        prefixes.add(ban.key)
        granted[Self.range(ban.granted?.rawValue)] += 1
        left[
            Self.range(
                ban.expires.map { $0.rawValue.subtractingReportingOverflow(now.rawValue).partialValue })] += 1
        strikes[(Self.steps.lastIndex { $0 <= ban.strikes }) ?? 0] += 1
        if wanted.contains(ban.id) { found[ban.id] = ban }
        if ban.strikes > 1 { keepRepeater(ban) }
    }

    private mutating func keepRepeater(_ ban: Ban) {
        func comes(_ one: Ban, before other: Ban) -> Bool {
            one.strikes == other.strikes ? one.id < other.id : one.strikes > other.strikes
        }
        guard repeaters.count < Self.mostRepeaters || repeaters.last.map({ comes(ban, before: $0) }) == true
        else {
            return
        }
        repeaters.insert(ban, at: repeaters.firstIndex { comes(ban, before: $0) } ?? repeaters.count)
        if repeaters.count > Self.mostRepeaters { repeaters.removeLast() }
    }

    /// Which range a length of time is in; the last one is that of what is for good.
    private static func range(_ length: Int64?) -> Int {
        guard let length else { return bounds.count }
        return bounds.lastIndex { $0 <= length } ?? 0
    }

    var durations: [ReportFigures.DurationRange] {
        (0...Self.bounds.count).map { index in
            let isTimed = index < Self.bounds.count
            return .init(
                from: isTimed ? Milliseconds(rawValue: Self.bounds[index]) : nil,
                to: index + 1 < Self.bounds.count ? Milliseconds(rawValue: Self.bounds[index + 1]) : nil,
                granted: granted[index], left: left[index])
        }
    }

    var strikeRanges: [ReportFigures.StrikeRange] {
        Self.steps.indices.map { index in
            .init(
                from: Self.steps[index],
                to: index + 1 < Self.steps.count ? Self.steps[index + 1] - 1 : nil, bans: strikes[index])
        }
    }
}
