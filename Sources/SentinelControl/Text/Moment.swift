// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelConfiguration
internal import SentinelProtocol

/// A moment as somebody types it: some time ago, or by a calendar and a clock.
enum Moment: Hashable, Sendable {
    case ago(Milliseconds)
    /// Today.
    case timeOfDay(seconds: Int64, isUTC: Bool)
    /// Days since 1970-01-01, and seconds of that day.
    case date(days: Int64, seconds: Int64, isUTC: Bool)

    /// - Throws: `ValidationError`: what can't be read, and what can be.
    init(argument text: String) throws {
        guard let moment = Moment(text) else {
            let shown = ConfigurationKey.quoted(text)
            throw ValidationError(
                "\(shown) is no moment; write 2h for two hours ago, 14:30, 2026-11-28 or \"2026-11-28 14:30\""
            )
        }
        self = moment
    }

    /// nil where the text is no moment.
    init?(_ text: String) {
        if let duration = DurationText(text)?.duration {
            self = .ago(Milliseconds(duration))
            return
        }
        let isUTC = text.hasSuffix("Z")
        let parts = (isUTC ? text.dropLast() : text[...]).split(
            omittingEmptySubsequences: false, whereSeparator: { $0 == " " || $0 == "T" })
        switch parts.count {
        case 1:
            if let seconds = Self.seconds(parts[0]) {
                self = .timeOfDay(seconds: seconds, isUTC: isUTC)
            } else if let days = Self.days(parts[0]) {
                self = .date(days: days, seconds: 0, isUTC: isUTC)
            } else {
                return nil
            }
        case 2:
            guard let days = Self.days(parts[0]), let seconds = Self.seconds(parts[1]) else { return nil }
            self = .date(days: days, seconds: seconds, isUTC: isUTC)
        default: return nil
        }
    }

    /// `14:30` or `14:30:05`.
    private static func seconds(_ text: Substring) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count) else { return nil }
        let numbers = parts.compactMap { number($0, digits: 2) }
        guard numbers.count == parts.count, numbers[0] < 24, numbers[1...].allSatisfy({ $0 < 60 }) else {
            return nil
        }
        return numbers[0] * 3600 + numbers[1] * 60 + (numbers.count > 2 ? numbers[2] : 0)
    }

    /// `2026-11-28`
    private static func days(_ text: Substring) -> Int64? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let year = number(parts[0], digits: 4),
            let month = number(parts[1], digits: 2),
            let day = number(parts[2], digits: 2), (1...12).contains(month), day >= 1
        else { return nil }
        let days = LocalTime.days(year: year, month: month, day: day)
        // No such day: it is one of the next month.
        let next =
            month == 12
            ? LocalTime.days(year: year + 1, month: 1, day: 1)
            : LocalTime.days(year: year, month: month + 1, day: 1)
        return days < next ? days : nil
    }

    private static func number(_ text: Substring, digits: Int) -> Int64? {
        guard text.utf8.count == digits,
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int64(text)
    }

    /// When that is.
    func timestamp(_ local: LocalTime, now: Timestamp) -> Timestamp {
        switch self {
        case .ago(let length):
            let (time, overflow) = now.rawValue.subtractingReportingOverflow(length.rawValue)
            return Timestamp(rawValue: overflow ? .min : time)
        case .timeOfDay(let seconds, let isUTC):
            let clock = isUTC ? LocalTime { _ in 0 } : local
            return clock.moment(days: clock.day(of: now), seconds: seconds)
        case .date(let days, let seconds, let isUTC):
            return (isUTC ? LocalTime { _ in 0 } : local).moment(days: days, seconds: seconds)
        }
    }
}
