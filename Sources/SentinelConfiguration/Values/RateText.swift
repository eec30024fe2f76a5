// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// How often something may happen as a configuration writes it: a number, and the time in which it may come so often:
/// "5/s", "1/m", "30/h", "1/10m".
package struct RateText: Hashable {
    /// At least 1.
    package var count: Int
    package var period: Duration

    package init(_ count: Int, per period: Duration) {
        self.count = count
        self.period = period
    }
}

extension RateText: ConfigurationText {
    package init(parsing text: String) throws(ConfigurationFault) {
        let remedy = "write a number and a time, as \"5/s\", \"1/m\", \"30/h\" or \"1/10m\""
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        guard parts.count == 2 else {
            throw ConfigurationFault("\(text.quotedInMessage) says not in which time", remedy)
        }
        guard parts[0].unicodeScalars.areDigits else {
            throw ConfigurationFault("\(text.quotedInMessage) is no rate", remedy)
        }
        guard let count = Int(parts[0]), (1...Self.most).contains(count) else {
            throw ConfigurationFault(
                "\(text.quotedInMessage) is out of range", "the number is from 1 to \(Self.most)")
        }
        let isUnit = DurationText.units.contains { $0.name == parts[1] }
        let period: Duration
        do {
            period = try DurationText(parsing: isUnit ? "1\(parts[1])" : parts[1]).duration
        } catch {
            throw ConfigurationFault("\(text.quotedInMessage) is no rate", remedy)
        }
        guard period >= .milliseconds(1), period <= Configuration.Durations.longest else {
            throw ConfigurationFault(
                "\(text.quotedInMessage) is out of range",
                "the time is from \"1ms\" to \"\(DurationText(Configuration.Durations.longest))\"")
        }
        self.init(count, per: period)
    }

    /// A billion a second is a token a nanosecond.
    static let most = 1_000_000_000

    package var description: String {
        let text = DurationText(period).description
        let isUnit = DurationText.units.contains { text == "1\($0.name)" }
        return "\(count)/\(isUnit ? String(text.dropFirst()) : text)"
    }
}
