// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

package import SentinelConfiguration
internal import TOMLKit

/// A value as it stands in a file.
package struct Value {
    let value: any TOMLValueConvertible

    /// What it says, where it is a string.
    package var string: String? { value.string }
    /// Its number, where it is an integer.
    package var integer: Int? { value.int }
    /// Its number, where it is a float; an integer is one as well.
    package var number: Double? { value.double ?? value.int.map(Double.init) }
    /// What it says, where it is a boolean.
    package var boolean: Bool? { value.bool }
    /// Which point in time it is, where it is a date with its time and its distance from UTC.
    package var wallTime: WallTime? {
        guard let written = value.dateTime, let offset = written.offset else { return nil }
        let (date, time) = (written.date, written.time)
        return WallTime(
            year: date.year, month: date.month, day: date.day,
            sinceMidnight: .seconds(time.hour * 3600 + (time.minute - offset.offset) * 60 + time.second)
                + .nanoseconds(time.nanoSecond))
    }
    /// Whether it is a date or a time of any kind.
    package var isDateOrTime: Bool {
        switch value.type {
        case .date, .time, .dateTime: true
        default: false
        }
    }
    /// The type in words, with its article.
    package var kind: String { value.type.words }
}

extension TOMLType {
    /// The type in words, with its article.
    var words: String {
        switch self {
        case .table: "a section"
        case .array: "a list"
        case .string: "a string"
        case .int: "an integer"
        case .double: "a float"
        case .bool: "a boolean"
        case .date, .time, .dateTime: "a date or time"
        }
    }
}
