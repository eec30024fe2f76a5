// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// Counts events by when they were and by reason or kind, however many there are.
struct EventTally: Sendable {
    private let grid: TimeGrid
    private var bans: [String: [Int]] = [:]
    private var changes: [EventKind: [Int]] = [:]
    private var earliest: Timestamp?

    /// Nodes choose reasons: those beyond are counted as "other".
    static var mostReasons: Int { 200 }
    static var other: String { "other" }

    init(_ grid: TimeGrid) {
        self.grid = grid
    }

    mutating func add(_ event: Event) {
        guard let reason = event.ban?.reason ?? event.reason else { return }
        let index = grid.index(of: event.time)
        earliest = min(earliest ?? event.time, event.time)
        let none = [Int](repeating: 0, count: grid.count)
        if event.kind == .banned || event.kind == .imported {
            let isKnown = bans[reason] != nil || bans.count < Self.mostReasons
            bans[isKnown ? reason : Self.other, default: none][index] += event.count ?? 1
        } else {
            changes[event.kind, default: none][index] += 1
        }
    }

    var history: ReportFigures.History {
        let known = EventKind.ofBans.filter { $0 != .banned }
        let kinds = known + changes.keys.filter { !known.contains($0) }
        let reasons = bans.map { Self.series($0, $1) }.sorted { a, b in
            a.total == b.total ? a.name < b.name : a.total > b.total
        }
        return .init(
            step: Milliseconds(rawValue: grid.step), bans: reasons,
            changes: kinds.compactMap { kind in changes[kind].map { Self.series(kind.rawValue, $0) } },
            earliest: earliest)
    }

    private static func series(_ name: String, _ counts: [Int]) -> ReportFigures.Series {
        .init(name: name, total: counts.reduce(0, +), counts: counts)
    }
}
