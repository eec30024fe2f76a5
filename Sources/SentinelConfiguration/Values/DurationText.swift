// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A duration as a configuration writes it: whole numbers, each with its unit, the longest first: "90s",
/// "1h30m", "2w".
package struct DurationText: Hashable {
    package var duration: Duration

    package init(_ duration: Duration) {
        self.duration = duration
    }

    /// The units from the longest to the shortest, in milliseconds.
    static let units: [(name: String, milliseconds: Int64)] = [
        ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
}

extension DurationText: ConfigurationText {
    package init(parsing text: String) throws(ConfigurationFault) {
        let remedy =
            "write whole numbers with units, the longest first, as \"90s\", \"1h30m\" or \"7d\"; "
            + "the units are ms, s, m, h, d and w"
        let malformed = ConfigurationFault("\(text.quotedInMessage) is no duration", remedy)
        if text.unicodeScalars.areDigits {
            throw ConfigurationFault(
                "\(text.quotedInMessage) has no unit", "say which, as \"\(text.prefix(20))s\"; \(remedy)")
        }
        var rest = text.unicodeScalars[...]
        var next = Self.units[...]
        var total: Int64 = 0
        guard !rest.isEmpty else { throw malformed }
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) }
            rest.removeFirst(digits.count)
            let letters = rest.prefix { ("a"..."z").contains($0) }
            rest.removeFirst(letters.count)
            guard !digits.isEmpty, let unit = next.firstIndex(where: { $0.name == String(letters) }) else {
                throw malformed
            }
            guard let number = Int64(String(digits)) else { throw Self.tooLong(text) }
            let (part, overflows) = number.multipliedReportingOverflow(by: next[unit].milliseconds)
            let (sum, exceeds) = total.addingReportingOverflow(part)
            guard !overflows, !exceeds else { throw Self.tooLong(text) }
            total = sum
            next = next[(unit + 1)...]
        }
        self.init(.milliseconds(total))
    }

    private static func tooLong(_ text: String) -> ConfigurationFault {
        ConfigurationFault(
            "\(text.quotedInMessage) is out of range",
            "it is at most \"\(DurationText(Configuration.Durations.longest))\"")
    }

    /// What lies below a millisecond is left out.
    package var description: String {
        var rest = duration.milliseconds
        guard rest > 0 else { return "0s" }
        var text = ""
        // Weeks are read but never written: "10d" says more than "1w3d".
        for unit in Self.units.dropFirst() {
            let number = rest / unit.milliseconds
            rest %= unit.milliseconds
            if number > 0 { text += "\(number)\(unit.name)" }
        }
        return text
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero; at most what an `Int64` holds.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (thousands, overflows) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, exceeds) = thousands.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return overflows || exceeds ? (seconds < 0 ? .min : .max) : sum
    }
}
