// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Testing

@testable import SentinelControl

@Suite struct SparklineTests {
    @Test func `The largest value is highest, nothing is lowest, and what isn't known is blank`() {
        #expect(Sparkline([0, nil, 1, 4, 8]).text(.blocks) == "▁ ▂▅█")
        #expect(Sparkline([0, nil, 1, 4, 8]).text(.ascii) == "_ .=#")
        #expect(Sparkline([0, 0]).text(.blocks) == "▁▁")
        #expect(Sparkline([nil]).text(.blocks) == " ")
        #expect(Sparkline([]).text(.blocks) == "")
    }

    @Test func `Whatever the values, there is a column for each, and more is never drawn lower`() {
        let odd: [Double?] = [nil, .infinity, -.infinity, .nan, -1, 0, .leastNonzeroMagnitude, 1e300]
        for _ in 0..<300 {
            let values = (0..<Int.random(in: 0...20)).map { _ -> Double? in
                Bool.random() ? odd.randomElement()! : Double.random(in: 0...1000)
            }
            let drawn = Array(Sparkline(values).text(.blocks))
            #expect(drawn.count == values.count)
            let known = zip(values, drawn).compactMap { value, character in
                value.flatMap { $0.isFinite ? (max(0, $0), character) : nil }
            }
            let levels = known.map { Glyphs.blocks.levels.firstIndex(of: $0.1) }
            for (one, level) in zip(known, levels) {
                #expect((one.0 > 0) == (level ?? 0 > 0), "\(one)")
                for (other, otherLevel) in zip(known, levels) where one.0 < other.0 {
                    #expect(level! <= otherLevel!)
                }
            }
            if known.contains(where: { $0.0 > 0 }) { #expect(levels.contains(7)) }
        }
    }

    @Test func `A bar shows that there is something, and is full only of what is full`() {
        #expect(FillBar.text(0, of: 10, width: 5, .blocks) == "░░░░░")
        #expect(FillBar.text(1, of: 1_000_000, width: 5, .blocks) == "▏░░░░")
        #expect(FillBar.text(5, of: 10, width: 5, .blocks) == "██▌░░")
        #expect(FillBar.text(999_999, of: 1_000_000, width: 5, .blocks) == "████▉")
        #expect(FillBar.text(10, of: 10, width: 5, .blocks) == "█████")
        #expect(FillBar.text(5, of: 10, width: 5, .ascii) == "##-..")
        for part in -1...12 {
            for whole in -1...10 {
                for width in 0...6 {
                    for glyphs in [Glyphs.blocks, .ascii] {
                        #expect(FillBar.text(part, of: whole, width: width, glyphs).count == width)
                    }
                }
            }
        }
    }

    @Test(arguments: [
        (["LANG": "C.UTF-8", "TERM": "xterm"], true), (["LC_ALL": "C", "LANG": "de_DE.utf8"], false),
        (["LC_ALL": "", "LANG": "de_DE.utf8"], true), (["LANG": "C.UTF-8", "TERM": "linux"], false),
        ([:], false),
    ])
    func `Blocks are for terminals that have them`(environment: [String: String], hasBlocks: Bool) {
        #expect((Glyphs.fitting(environment) == .blocks) == hasBlocks)
    }
}
