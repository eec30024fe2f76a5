// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SentinelConfiguration
import Testing

@Suite struct DurationTextTests {
    @Test(arguments: [
        ("500ms", 500), ("90s", 90_000), ("10m", 600_000), ("1h30m", 5_400_000), ("7d", 604_800_000),
        ("2w", 1_209_600_000), ("1w2d3h4m5s6ms", 788_645_006), ("0s", 0), ("1m500ms", 60_500),
    ])
    func `Text is a number of milliseconds`(text: String, milliseconds: Int64) throws {
        #expect(try DurationText(parsing: text).duration == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        (0, "0s"), (500, "500ms"), (90_000, "1m30s"), (604_800_000, "7d"), (1_209_600_000, "14d"),
        (3_153_600_000_000, "36500d"), (5_400_001, "1h30m1ms"),
    ])
    func `A duration is written in its longest units`(milliseconds: Int64, text: String) throws {
        let written = DurationText(.milliseconds(milliseconds)).description
        #expect(written == text)
        #expect(try DurationText(parsing: written).duration == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", "s", "10min", "10 m", "1.5h", "-1s", "30m1h", "1h1h", "1h30", " 1h", "1h ", "1H", "ms", "١s",
        "1s\0",
    ])
    func `What is no duration is refused`(text: String) throws {
        let fault = try #require(throws: ConfigurationFault.self) { try DurationText(parsing: text) }
        #expect(fault.fault == "\(ConfigurationKey.quoted(text)) is no duration")
        #expect(
            fault.remedy
                == "write whole numbers with units, the longest first, as \"90s\", \"1h30m\" or \"7d\"; "
                + "the units are ms, s, m, h, d and w")
    }

    @Test func `A number without a unit is refused, and the remedy shows one`() throws {
        let fault = try #require(throws: ConfigurationFault.self) { try DurationText(parsing: "600") }
        #expect(fault.fault == "\"600\" has no unit")
        #expect(fault.remedy.hasPrefix("say which, as \"600s\"; "))
    }

    @Test(arguments: ["99999999999999999999s", "15250284453w", "15250284452w9999999999d"])
    func `What overflows is out of range`(text: String) throws {
        let fault = try #require(throws: ConfigurationFault.self) { try DurationText(parsing: text) }
        #expect(fault == ConfigurationFault("\"\(text)\" is out of range", "it is at most \"36500d\""))
    }
}
