// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import SentinelProtocol

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// How an operator's clock on the wall goes.
public struct LocalTime: Sendable {
    /// How many seconds local time is ahead of UTC at a moment, which is in seconds since 1970-01-01T00:00Z.
    private let offset: @Sendable (_ seconds: Int64) -> Int64

    public init(offset: @escaping @Sendable (_ seconds: Int64) -> Int64) {
        self.offset = offset
    }

    /// The system's time zone, or that of the environment's TZ (localtime_r(3)).
    public static let system = LocalTime { seconds in
        var moment = time_t(clamping: seconds)
        var fields = tm()
        return localtime_r(&moment, &fields) == nil ? 0 : Int64(fields.tm_gmtoff)
    }

    /// The moment as the clock on the wall shows it: `2026-11-21 05:12:33`.
    public func text(_ time: Timestamp) -> String {
        let seconds = time.rawValue.flooredDivision(by: 1000)
        let local = seconds + offset(seconds)
        let days = local.flooredDivision(by: 86_400)
        let rest = local - days * 86_400
        let (year, month, day) = Self.date(daysSince1970: days)
        return "\(year.padded(to: 4))-\(month.padded(to: 2))-\(day.padded(to: 2)) "
            + "\((rest / 3600).padded(to: 2)):\((rest / 60 % 60).padded(to: 2)):\((rest % 60).padded(to: 2))"
    }

    /// How many seconds local time is ahead of UTC at a moment.
    func ahead(at time: Timestamp) -> Int64 { offset(time.rawValue.flooredDivision(by: 1000)) }

    /// How far it is from UTC at a moment: `UTC+01:00`.
    func zone(at time: Timestamp) -> String {
        let ahead = ahead(at: time)
        let minutes = Int64(ahead.magnitude) / 60
        return "UTC\(ahead < 0 ? "-" : "+")\((minutes / 60).padded(to: 2)):\((minutes % 60).padded(to: 2))"
    }

    /// The day that it is at a moment, in days since 1970-01-01.
    func day(of time: Timestamp) -> Int64 {
        let seconds = time.rawValue.flooredDivision(by: 1000)
        return (seconds + offset(seconds)).flooredDivision(by: 86_400)
    }

    /// When the clock on the wall shows this. Of a time that a clock which was set forward never showed, as far behind
    /// the change as it is behind the last time that it did show.
    func moment(days: Int64, seconds: Int64) -> Timestamp {
        let local = days * 86_400 + seconds
        let first = local - offset(local)
        return Timestamp(rawValue: (local - offset(first)) * 1000)
    }

    /// A date as days since 1970-01-01; the inverse of what follows.
    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = shifted.flooredDivision(by: 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The date in the proleptic Gregorian calendar. Years begin in March here, so that the leap day is their last.
    private static func date(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.flooredDivision(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        return (
            yearOfEra + era * 400 + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9,
            dayOfYear - (153 * month + 2) / 5 + 1
        )
    }
}

extension Timestamp {
    /// How far away it is, as seen from `now`: `in 12 min`, `3 h ago`, `now`.
    func relative(to now: Timestamp) -> String {
        let (difference, overflows) = rawValue.subtractingReportingOverflow(now.rawValue)
        let distance = overflows ? (self > now ? .max : .min) : difference
        switch distance {
        case 1000...: return "in \(Quantity.length(distance))"
        case ...(-1000): return "\(Quantity.length(distance == .min ? .max : -distance)) ago"
        default: return "now"
        }
    }
}

extension Int64 {
    /// The quotient, rounded towards minus infinity.
    fileprivate func flooredDivision(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }

    fileprivate func padded(to width: Int) -> String {
        let digits = String(magnitude)
        return (self < 0 ? "-" : "") + String(repeating: "0", count: Swift.max(0, width - digits.count))
            + digits
    }
}
