// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SentinelProtocol
import Testing

@testable import SentinelControl

@Suite struct LocalTimeTests {
    static let utc = LocalTime { _ in 0 }

    @Test(
        arguments: [
            (0, "1970-01-01 00:00:00"), (-1, "1969-12-31 23:59:59"), (951_782_400_000, "2000-02-29 00:00:00"),
            (951_868_800_000, "2000-03-01 00:00:00"), (1_795_237_953_999, "2026-11-21 05:12:33"),
            (4_107_542_399_000, "2100-02-28 23:59:59"), (4_107_542_400_000, "2100-03-01 00:00:00"),
            (253_402_300_799_000, "9999-12-31 23:59:59"),
        ] as [(Int64, String)])
    func `Moments are written as a date and a time of day`(milliseconds: Int64, text: String) {
        #expect(Self.utc.text(Timestamp(rawValue: milliseconds)) == text)
    }

    @Test func `The zone's offset goes by the moment`() {
        // Central Europe's clocks go from +1 h to +2 h at 2026-03-29T01:00Z.
        let zone = LocalTime { $0 < 1_774_746_000 ? 3600 : 7200 }
        #expect(zone.text(Timestamp(rawValue: 1_774_745_999_000)) == "2026-03-29 01:59:59")
        #expect(zone.text(Timestamp(rawValue: 1_774_746_000_000)) == "2026-03-29 03:00:00")
    }

    @Test(arguments: [Int64.min, .min + 1, -1, 0, .max - 1, .max])
    func `No moment is too far away to be told`(milliseconds: Int64) {
        let time = Timestamp(rawValue: milliseconds)
        #expect(LocalTime.system.text(time).hasSuffix(Self.utc.text(time).suffix(2)))
        for other in [Int64.min, 0, .max] {
            #expect(!time.relative(to: Timestamp(rawValue: other)).isEmpty)
        }
    }

    @Test func `Days follow each other without a gap`() {
        var dates: Set<String> = []
        var previous = ""
        for day in Int64(-1000)..<60_000 {
            let text = String(Self.utc.text(Timestamp(rawValue: day * 86_400_000)).prefix(10))
            #expect(previous < text)
            previous = text
            dates.insert(text)
        }
        #expect(dates.count == 61_000)
    }

    @Test(
        arguments: [
            (0, "now"), (999, "now"), (-999, "now"), (1000, "in 1 s"), (720_000, "in 12 min"),
            (-10_800_000, "3 h ago"), (-1000, "1 s ago"),
        ] as [(Int64, String)])
    func `Moments are seen from now`(distance: Int64, text: String) {
        let now = Timestamp(rawValue: 1_795_237_953_000)
        #expect(Timestamp(rawValue: now.rawValue + distance).relative(to: now) == text)
    }
}
