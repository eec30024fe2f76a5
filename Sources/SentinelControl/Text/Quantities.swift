// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Numbers as people read them.
enum Quantity {
    /// With commas between thousands: `1,048,576`.
    static func number(_ value: some BinaryInteger) -> String {
        let digits = String(value.magnitude)
        var text = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// A number with what it counts: `1 ban`, `3 bans`.
    static func count(_ value: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
        "\(number(value)) \(value == 1 ? one : many ?? one + "s")"
    }

    /// An amount of data in IEC units, three digits or so: `1.2 MiB`.
    static func bytes(_ value: Int64) -> String {
        var amount = Double(value)
        var units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"][...]
        // What would round up to four digits is said in the next unit.
        while amount.magnitude >= 999.5, units.count > 1 {
            amount /= 1024
            units.removeFirst()
        }
        let isWhole = units.first == "B" || amount.magnitude >= 99.95
        let tenths = Int64((amount * 10).rounded())
        let text =
            isWhole
            ? "\(Int64(amount.rounded()))"
            : "\(tenths < 0 ? "-" : "")\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
        return "\(text) \(units.first ?? "B")"
    }

    /// A share of a whole, in whole percent; anything above nothing is at least `<1 %`.
    static func share(_ part: Int, of whole: Int) -> String {
        guard whole > 0, part > 0 else { return "0 %" }
        let percent = Int((Double(part) / Double(whole) * 100).rounded(.down))
        return percent == 0 ? "<1 %" : "\(number(percent)) %"
    }

    /// A length of time, in milliseconds, to the second: one unit where its number says enough, else two, rounded
    /// down.
    ///
    /// `850 ms`, `42 s`, `9 min 30 s`, `12 min`, `3 h 20 min`, `2 d 4 h`, `45 d`
    static func length(_ milliseconds: Int64) -> String {
        let value = max(0, milliseconds)
        guard value >= 1000 else { return value == 0 ? "0 s" : "\(value) ms" }
        let units: [(name: String, seconds: Int64)] = [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)]
        // To the nearest second: what was granted for an hour has an hour left at once.
        let seconds = value / 1000 + (value % 1000 >= 500 ? 1 : 0)
        for (index, unit) in units.enumerated() where seconds >= unit.seconds {
            let leading = seconds / unit.seconds
            let text = "\(number(leading)) \(unit.name)"
            guard leading < 10, index + 1 < units.count else { return text }
            let next = units[index + 1]
            let rest = seconds % unit.seconds / next.seconds
            return rest > 0 ? "\(text) \(rest) \(next.name)" : text
        }
        return "0 s"
    }
}
