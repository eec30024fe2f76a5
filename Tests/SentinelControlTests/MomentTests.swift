// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SentinelProtocol
import Testing

@testable import SentinelControl

@Suite struct MomentTests {
    /// 2026-11-28 01:30:00 by the clock here, which is two hours ahead.
    private static let now = Timestamp(rawValue: 1_795_822_200_000)
    private static let ahead = LocalTime { _ in 7200 }

    @Test(
        arguments: [
            ("2h", "2026-11-27 23:30:00"), ("1h30m", "2026-11-28 00:00:00"), ("1w", "2026-11-21 01:30:00"),
            ("14:30", "2026-11-28 14:30:00"), ("00:00:09", "2026-11-28 00:00:09"),
            ("2026-11-28", "2026-11-28 00:00:00"), ("2024-02-29 23:59:59", "2024-02-29 23:59:59"),
            ("1999-12-31T12:00", "1999-12-31 12:00:00"), ("2026-11-28T14:30Z", "2026-11-28 16:30:00"),
            // In UTC it is still the day before.
            ("23:00Z", "2026-11-28 01:00:00"),
        ])
    func `A moment is some time ago, or what a clock and a calendar say`(text: String, expected: String)
        throws
    {
        let moment = try Moment(argument: text)
        #expect(Self.ahead.text(moment.timestamp(Self.ahead, now: Self.now)) == expected)
    }

    @Test(arguments: [
        "", "yesterday", "24:00", "12:60", "1:30", "2026-13-01", "2026-02-29", "2026-00-10", "2026-01-00",
        "2026-4-31",
        "2026-11-28 ", "2026-11-28 14:30 Z", "14:30 2026-11-28", "-2h", "٢h", "2026-11-28T14:30+01:00",
    ])
    func `What is no moment is refused by its name`(text: String) throws {
        let error = #expect(throws: (any Error).self) { try Moment(argument: text) }
        #expect("\(try #require(error))".contains("is no moment; write 2h"))
    }

    @Test func `Each day of four centuries is read as it is written`() {
        let utc = LocalTime { _ in 0 }
        for day in stride(from: Int64(-80_000), to: 80_000, by: 13) {
            let text = utc.text(Timestamp(rawValue: day * 86_400_000))
            #expect(Moment(text)?.timestamp(utc, now: Self.now).rawValue == day * 86_400_000, "\(text)")
        }
    }

    @Test func `Around a change of the clock the moment is the one that the clock shows`() throws {
        // Central Europe's clocks go from +1 h to +2 h at 2026-03-29T01:00Z, and back at 2026-10-25T01:00Z.
        let zone = LocalTime { (1_774_746_000..<1_792_890_000).contains($0) ? 7200 : 3600 }
        for text in [
            "2026-03-29 01:59:59", "2026-03-29 03:00:00", "2026-10-25 01:59:59", "2026-10-25 02:30:00",
            "2026-10-25 03:00:00",
        ] {
            let moment = try Moment(argument: text)
            #expect(zone.text(moment.timestamp(zone, now: Self.now)) == text)
        }
    }
}
