// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// What is known of the helper and of those that the kernel refuses, and how it has changed.
struct ScreenData: Sendable {
    /// The helper at a glance, with what it counts.
    struct Glance: Sendable {
        var status: Status
        var counters: HelperInterface.Counters.Reply
    }

    /// Elements with what each has refused, and the bans, where there are few enough.
    struct Reading: Sendable {
        var sets: [SetInfo]
        var bans: [Ban]
        /// How many elements of each set were asked for.
        var limit: Int
        /// Why there are none, where this user may not see them.
        var refusal: String?
    }

    private(set) var glance: Glance?
    private(set) var glanceAt: ScreenInstant?
    private(set) var offenders: [Offender] = []
    private(set) var readingAt: ScreenInstant?
    /// How long the last reading took.
    private(set) var readingTook = Duration.zero
    private(set) var refusal: String?
    private(set) var packets = RateSeries(keeping: kept)
    private(set) var bytes = RateSeries(keeping: kept)
    private var events: [EventTag: RateSeries] = [:]
    private var refused: [Offender.ID: RateSeries] = [:]

    private struct EventTag: Hashable {
        var kind: EventKind
        /// nil: of any.
        var check: Check?
    }

    /// As far back as the widest graph reaches.
    private static var kept: Duration { .seconds(15 * 60) }
    /// As far back as that of a row does.
    private static var keptOfRow: Duration { .seconds(3 * 60) }

    /// Packets and bytes that the rules have refused, over all sets; nil where they don't count.
    var totals: (packets: Int64, bytes: Int64)? {
        let counted = (glance?.counters.sets ?? []).filter { $0.packets != nil && $0.blocks }
        guard !counted.isEmpty else { return nil }
        return counted.reduce(into: (0, 0)) { sum, set in
            sum.0 &+= set.packets ?? 0
            sum.1 &+= set.bytes ?? 0
        }
    }

    mutating func take(_ glance: Glance, at moment: ScreenInstant) {
        self.glance = glance
        glanceAt = moment
        if let totals {
            packets.take(totals.packets, at: moment.elapsed)
            bytes.take(totals.bytes, at: moment.elapsed)
        }
        var counts: [EventTag: Int64] = [:]
        for event in glance.counters.events {
            counts[EventTag(kind: event.kind, check: nil), default: 0] &+= event.count
            counts[EventTag(kind: event.kind, check: event.check), default: 0] &+= event.count
        }
        // Of what hasn't happened yet nothing is told: it was zero till now.
        for kind in [EventKind.banned, .renewed, .lifted, .expired, .evicted] {
            for check in Check.allCases.map(Optional.some) + [nil] {
                let tag = EventTag(kind: kind, check: check)
                events[tag, default: RateSeries(keeping: Self.keptOfRow)].take(
                    counts[tag] ?? 0, at: moment.elapsed)
            }
        }
    }

    mutating func take(_ reading: Reading, at moment: ScreenInstant, took: Duration) {
        offenders = Offender.all(
            elements: reading.sets, bans: reading.bans, limit: reading.limit, at: moment.time)
        var kept: [Offender.ID: RateSeries] = [:]
        for row in offenders {
            guard let packets = row.packets else { continue }
            var series = refused[row.id] ?? RateSeries(keeping: Self.keptOfRow)
            // What has come since the last reading had refused nothing then.
            if refused[row.id] == nil, let last = readingAt, let created = row.created, created > last.time {
                series.take(0, at: last.elapsed)
            }
            series.take(packets, at: moment.elapsed)
            kept[row.id] = series
        }
        refused = kept
        refusal = reading.refusal
        readingAt = moment
        readingTook = took
    }

    /// Packets a second that are refused because of a row.
    func rate(_ id: Offender.ID) -> Double? { refused[id]?.rate }

    /// The graph of a row, over the last minute.
    func columns(_ id: Offender.ID, _ count: Int, until now: Duration) -> [Double?] {
        refused[id]?.columns(count, each: .seconds(60) / max(1, count), until: now)
            ?? Array(repeating: nil, count: count)
    }

    /// Events of a kind a second, on average over the last ten seconds: for bans of a check, or of any. There are few,
    /// and each would be seen for a moment only.
    func rate(_ kind: EventKind, _ check: Check? = nil) -> Double? {
        guard let last = glanceAt else { return nil }
        return events[EventTag(kind: kind, check: check)]?.average(over: .seconds(10), until: last.elapsed)
    }
}

extension SetInfo {
    /// Whether it is there to block, rather than to exempt or to say what the node is.
    var blocks: Bool { Check(set: name) != nil || name.hasPrefix("feed") }
}
