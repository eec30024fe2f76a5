// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A point in time as calendars tell it, in UTC.
public struct WallTime: Hashable, Sendable {
    /// The time since 1970-01-01T00:00:00Z, without leap seconds.
    public var sinceEpoch: Duration

    public init(sinceEpoch: Duration) {
        self.sinceEpoch = sinceEpoch
    }

    /// A time of a day of the Gregorian calendar.
    ///
    /// - Parameters:
    ///   - sinceMidnight: in UTC.
    package init(year: Int, month: Int, day: Int, sinceMidnight: Duration) {
        self.init(
            sinceEpoch: .seconds(Self.days(year: year, month: month, day: day) * 86_400) + sinceMidnight)
    }

    /// Days since 1970-01-01. Years begin in March here, so that the leap day is their last; 400 of them have
    /// 146097 days.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The day that is so many days after 1970-01-01: the above, the other way round.
    private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let day = shifted - era * 146_097
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let isNext = month >= 10
        return (
            year + era * 400 + (isNext ? 1 : 0), isNext ? month - 9 : month + 3,
            dayOfYear - (153 * month + 2) / 5 + 1
        )
    }
}

extension WallTime: Comparable {
    public static func < (a: Self, b: Self) -> Bool { a.sinceEpoch < b.sinceEpoch }
}

extension WallTime: CustomStringConvertible {
    /// As RFC 3339 writes it, to the second: `2027-01-01T00:00:00Z`.
    public var description: String {
        let seconds = Int(sinceEpoch.components.seconds)
        let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
        let (year, month, day) = Self.date(days)
        let second = seconds - days * 86_400
        func written(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        return "\(written(year, 4))-\(written(month, 2))-\(written(day, 2))T"
            + "\(written(second / 3600, 2)):\(written(second / 60 % 60, 2)):\(written(second % 60, 2))Z"
    }
}
