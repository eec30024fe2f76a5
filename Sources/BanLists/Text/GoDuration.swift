// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A length of time as Go's `time.Duration` is written: `3h59m59.123456s`, `-1m0s`, `1h30m`, `0`.
///
/// Source: Go's package time, `ParseDuration` and `Duration.String`.
enum GoDuration {
    /// In milliseconds, what is less than one cut off; nil where it is no such length, or longer than Go can hold.
    static func milliseconds(_ text: String) -> Int64? {
        var rest = Substring(text).utf8
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        if rest.elementsEqual("0".utf8) { return 0 }
        guard !rest.isEmpty else { return nil }
        var nanoseconds: UInt64 = 0
        while !rest.isEmpty {
            guard let part = part(&rest) else { return nil }
            let (sum, overflows) = nanoseconds.addingReportingOverflow(part)
            guard !overflows, sum <= UInt64(Int64.max) else { return nil }
            nanoseconds = sum
        }
        let milliseconds = Int64(nanoseconds / 1_000_000)
        return isNegative ? -milliseconds : milliseconds
    }

    /// A number and its unit, in nanoseconds.
    private static func part(_ rest: inout Substring.UTF8View) -> UInt64? {
        let whole = rest.prefix(while: \.isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction = Substring().utf8
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = rest.prefix(while: \.isDigit)
            rest = rest.dropFirst(fraction.count)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        let letters = rest.prefix { !$0.isDigit && $0 != UInt8(ascii: ".") }
        rest = rest.dropFirst(letters.count)
        guard let unit = unit(String(Substring(letters))) else { return nil }
        var value: UInt64 = 0
        for digit in whole {
            let (product, overflows) = value.multipliedReportingOverflow(by: 10)
            guard !overflows, product <= UInt64(Int64.max) else { return nil }
            value = product + UInt64(digit & 15)
        }
        let (scaled, overflows) = value.multipliedReportingOverflow(by: unit)
        guard !overflows else { return nil }
        // Each digit counts a tenth of the one before it; beyond a nanosecond there is nothing to count.
        var (tenth, parts) = (unit, UInt64(0))
        for digit in fraction where tenth > 0 {
            tenth /= 10
            parts += tenth * UInt64(digit & 15)
        }
        let (sum, exceeds) = scaled.addingReportingOverflow(parts)
        return exceeds ? nil : sum
    }

    private static func unit(_ name: String) -> UInt64? {
        switch name {
        case "ns": 1
        case "us", "µs", "μs": 1000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m": 60_000_000_000
        case "h": 3_600_000_000_000
        default: nil
        }
    }

    /// As Go reads it: `3h59m59.123s`.
    static func text(milliseconds: Int64) -> String {
        let magnitude = milliseconds.magnitude
        let (hours, minutes) = (magnitude / 3_600_000, magnitude / 60_000 % 60)
        let (seconds, rest) = (magnitude / 1000 % 60, magnitude % 1000)
        var text = milliseconds < 0 ? "-" : ""
        if hours > 0 { text += "\(hours)h" }
        if hours > 0 || minutes > 0 { text += "\(minutes)m" }
        text += "\(seconds)"
        if rest > 0 {
            var digits = String(rest)
            digits = String(repeating: "0", count: 3 - digits.utf8.count) + digits
            while digits.last == "0" { digits.removeLast() }
            text += ".\(digits)"
        }
        return text + "s"
    }
}
