// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// A stretch of time in equal steps, which begin where a clock on the wall shows a round time.
struct TimeGrid: Hashable, Sendable {
    /// Where the first step begins.
    let start: Timestamp
    /// In milliseconds.
    let step: Int64
    let count: Int

    /// The most steps there are: a day has 96 quarters of an hour, and they begin before it.
    static var most: Int { 100 }

    private static let minute: Int64 = 60_000
    private static let day: Int64 = 86_400_000
    private static let steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map { $0 * minute }

    init(start: Timestamp, step: Int64, count: Int) {
        (self.start, self.step, self.count) = (start, step, count)
    }

    /// The steps from a moment to another, which is in the last of them. The first begins at `from` or before.
    init(from: Timestamp, through to: Timestamp, _ local: LocalTime) {
        let span = max(0, to.rawValue.subtractingReportingOverflow(from.rawValue).partialValue)
        // One step less, for the first begins before.
        let least = span / Int64(Self.most - 1) + 1
        let step = Self.steps.first { $0 >= least } ?? (least + Self.day - 1) / Self.day * Self.day
        let ahead = local.ahead(at: from) * 1000
        let round = min(step, Self.day)
        let over = (from.rawValue + ahead) % round
        let start = from.rawValue - (over < 0 ? over + round : over)
        self.start = Timestamp(rawValue: start)
        self.step = step
        count = Int(max(0, to.rawValue - start) / step) + 1
    }

    /// Where the last step ends.
    var end: Timestamp { self[count] }

    /// Where a step begins.
    subscript(index: Int) -> Timestamp { Timestamp(rawValue: start.rawValue + Int64(index) * step) }

    /// In which step a moment lies; what comes before or behind all is in the first or last.
    func index(of time: Timestamp) -> Int {
        guard time > start else { return 0 }
        return min(count - 1, Int(clamping: (time.rawValue - start.rawValue) / step))
    }

    /// How far into the whole a moment is, from 0 to 1.
    func share(of time: Timestamp) -> Double {
        Double(time.rawValue - start.rawValue) / Double(Int64(count) * step)
    }

    // MARK: Marks

    private static let distances =
        [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720].map { $0 * minute }
        + [1, 2, 3, 7, 14, 30, 60, 90, 180, 365].map { $0 * day }

    /// A moment that a time axis names.
    struct Mark: Hashable, Sendable {
        let time: Timestamp
        let label: String
    }

    /// Moments at which the clock on the wall shows a round time: at most so many, and at least one if there may be two.
    func marks(atMost most: Int, _ local: LocalTime) -> [Mark] {
        let span = Int64(count) * step
        let wanted = span / Int64(max(1, most)) + 1
        let distance =
            Self.distances.first { $0 >= wanted } ?? (wanted + Self.day - 1) / Self.day * Self.day
        var marks: [Mark] = []
        var shown = (start.rawValue + local.ahead(at: start) * 1000) / distance * distance
        while marks.count < most {
            let (days, rest) = (shown / Self.day, shown % Self.day / 1000)
            let time = local.moment(days: days, seconds: rest)
            guard time <= end else { break }
            if time >= start, marks.last.map({ $0.time < time }) ?? true {
                marks.append(Mark(time: time, label: label(time, distance, local)))
            }
            shown += distance
        }
        return marks
    }

    /// A day where it begins or where days are marked, else the time of day.
    private func label(_ time: Timestamp, _ distance: Int64, _ local: LocalTime) -> String {
        let parts = local.text(time).split(separator: " ")
        guard parts.count == 2 else { return "" }
        let clock = parts[1].prefix(5)
        if distance >= 180 * Self.day { return String(parts[0].dropLast(3)) }
        return String(distance >= Self.day || clock == "00:00" ? parts[0].suffix(5) : clock)
    }
}
