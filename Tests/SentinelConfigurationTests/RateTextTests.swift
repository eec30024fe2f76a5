// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SentinelConfiguration
import Testing

@Suite struct RateTextTests {
    @Test(arguments: [
        ("5/s", 5, 1), ("1/m", 1, 60), ("30/h", 30, 3600), ("1/10m", 1, 600), ("100/d", 100, 86_400),
        ("1000000000/1m30s", 1_000_000_000, 90),
    ])
    func `A rate is a number and a time, and is written as it is read`(
        text: String, count: Int, seconds: Int
    ) throws {
        let rate = try RateText(parsing: text)
        #expect(rate == RateText(count, per: .seconds(seconds)))
        #expect(rate.description == text)
    }

    @Test(arguments: [
        ("5", "\"5\" says not in which time"), ("", "\"\" says not in which time"),
        ("/s", "\"/s\" is no rate"), ("5/", "\"5/\" is no rate"), ("5/x", "\"5/x\" is no rate"),
        ("5 /s", "\"5 /s\" is no rate"), ("-5/s", "\"-5/s\" is no rate"), ("1.5/s", "\"1.5/s\" is no rate"),
        ("5/s/s", "\"5/s/s\" is no rate"), ("5/3", "\"5/3\" is no rate"), ("0/s", "\"0/s\" is out of range"),
        ("1000000001/s", "\"1000000001/s\" is out of range"), ("1/0s", "\"1/0s\" is out of range"),
        ("1/40000d", "\"1/40000d\" is out of range"),
    ])
    func `What is no rate is refused`(text: String, fault: String) throws {
        #expect(try #require(throws: ConfigurationFault.self) { try RateText(parsing: text) }.fault == fault)
    }
}

@Suite struct WallTimeTests {
    @Test(arguments: [
        (1970, 1, 1, 0, "1970-01-01T00:00:00Z"), (2000, 2, 29, 951_782_400, "2000-02-29T00:00:00Z"),
        (2026, 1, 1, 1_767_225_600, "2026-01-01T00:00:00Z"), (1969, 12, 31, -86_400, "1969-12-31T00:00:00Z"),
        (2100, 3, 1, 4_107_542_400, "2100-03-01T00:00:00Z"),
        (9999, 12, 31, 253_402_214_400, "9999-12-31T00:00:00Z"),
        (1, 1, 1, -62_135_596_800, "0001-01-01T00:00:00Z"),
    ])
    func `A day is so many seconds after 1970, and written as RFC 3339 has it`(
        year: Int, month: Int, day: Int, seconds: Int, text: String
    ) {
        let time = WallTime(year: year, month: month, day: day, sinceMidnight: .zero)
        #expect(time.sinceEpoch == .seconds(seconds))
        #expect(time.description == text)
    }

    @Test func `Every day has a date of its own, and reads back`() {
        var last = WallTime(sinceEpoch: .seconds(-86_400)).description
        for day in 0..<150_000 {
            let text = WallTime(sinceEpoch: .seconds(day * 86_400 + 86_399)).description
            #expect(text > last && text.hasSuffix("T23:59:59Z"))
            last = text
        }
    }
}
