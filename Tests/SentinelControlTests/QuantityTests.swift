// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Testing

@testable import SentinelControl

@Suite struct QuantityTests {
    @Test(arguments: [
        (0, "0"), (7, "7"), (999, "999"), (1000, "1,000"), (1_048_576, "1,048,576"), (-12_345, "-12,345"),
        (Int.min, "-9,223,372,036,854,775,808"),
    ])
    func `Numbers have commas between thousands`(value: Int, text: String) {
        #expect(Quantity.number(value) == text)
    }

    @Test func `A count agrees with its noun`() {
        #expect(Quantity.count(0, "ban") == "0 bans")
        #expect(Quantity.count(1, "ban") == "1 ban")
        #expect(Quantity.count(2, "entry", "entries") == "2 entries")
    }

    @Test(
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1.0 KiB"), (1024, "1.0 KiB"), (1536, "1.5 KiB"),
            (102_400, "100 KiB"), (1_258_291, "1.2 MiB"), (1_048_500, "1.0 MiB"), (.max, "8.0 EiB"),
        ] as [(Int64, String)])
    func `Amounts of data have IEC units`(value: Int64, text: String) {
        #expect(Quantity.bytes(value) == text)
    }

    @Test func `Amounts of data never take more than four digits`() {
        for shift in 0..<63 {
            for near in -3...3 {
                let value = (Int64(1) << Int64(shift)) &+ Int64(near)
                guard value >= 0 else { continue }
                #expect(Quantity.bytes(value).prefix { $0 != " " }.count <= 4, "\(value)")
            }
        }
    }

    @Test(arguments: [
        (0, 100, "0 %"), (1, 1000, "<1 %"), (50, 100, "50 %"), (999, 1000, "99 %"), (1000, 1000, "100 %"),
        (3, 0, "0 %"),
    ])
    func `A share is full only where it is`(part: Int, whole: Int, text: String) {
        #expect(Quantity.share(part, of: whole) == text)
    }

    @Test(
        arguments: [
            (-5, "0 s"), (0, "0 s"), (1, "1 ms"), (850, "850 ms"), (1000, "1 s"), (42_000, "42 s"),
            (60_000, "1 min"), (570_000, "9 min 30 s"), (600_000, "10 min"), (754_000, "12 min"),
            (5_399_900, "1 h 30 min"), (12_000_000, "3 h 20 min"), (86_400_000, "1 d"),
            (187_200_000, "2 d 4 h"),
            (45 * 86_400_000, "45 d"), (36_500 * 86_400_000, "36,500 d"), (.max, "106,751,991,167 d"),
        ] as [(Int64, String)])
    func `A length of time is said in one unit, or in two where one says too little`(
        milliseconds: Int64, text: String
    ) {
        #expect(Quantity.length(milliseconds) == text)
    }

    @Test func `What a length says is never off by more than a tenth`() {
        let units: [String: Int64] = ["ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000]
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let exponent = Int64.random(in: 0..<48, using: &generator)
            let value = Int64.random(in: 1...(Int64(1) << exponent), using: &generator)
            let words = Quantity.length(value).replacing(",", with: "").split(separator: " ")
            var told: Int64 = 0
            for index in stride(from: 0, to: words.count - 1, by: 2) {
                told += (Int64(words[index]) ?? 0) * (units[String(words[index + 1])] ?? 0)
            }
            #expect(abs(told - value) <= max(500, value / 10), "\(value) is told as \(words)")
        }
    }
}
