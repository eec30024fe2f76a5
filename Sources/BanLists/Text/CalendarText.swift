// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A moment as RFC 3339 writes it, `2026-11-28T03:20:35Z`, the way CrowdSec tells when something came.
enum CalendarText {
    /// To the second; nil where it is no such moment. Offsets from UTC other than `Z` aren't read.
    static func time(_ text: String) -> ListTime? {
        let bytes = Array(text.utf8)
        let span = bytes.span
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"), bytes[4] == UInt8(ascii: "-"),
            bytes[7] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"),
            bytes[16] == UInt8(ascii: ":"), let year = number(span, 0..<4), let month = number(span, 5..<7),
            let day = number(span, 8..<10), let hour = number(span, 11..<13),
            let minute = number(span, 14..<16), let second = number(span, 17..<19), 1...12 ~= month,
            1...31 ~= day, hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = days(year: year, month: month, day: day)
        return ListTime(seconds: days * 86_400 + hour * 3600 + minute * 60 + second)
    }

    private static func number(_ text: Span<UInt8>, _ range: Range<Int>) -> Int64? {
        text[range.lowerBound].isDigit ? text.integer(range) : nil
    }

    /// Days since 1970-01-01. Years begin in March here, so that the leap day is their last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
