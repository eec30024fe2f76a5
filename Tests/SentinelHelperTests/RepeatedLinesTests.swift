// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Logging
import Testing

@testable import SentinelHelper

/// An account that expectations may call.
private final class Lines {
    private var lines = RepeatedLines()

    func take(_ message: String, fields: String, level: Logger.Level, at now: Int64) -> Bool {
        lines.take(message, fields: fields, level: level, at: now)
    }

    func end(at now: Int64) -> [RepeatedLines.Summary] { lines.end(at: now) }

    func endAll(at now: Int64) -> [RepeatedLines.Summary] { lines.endAll(at: now) }
}

@Suite struct RepeatedLinesTests {
    private let window = RepeatedLines.window

    @Test func `The same line is written once in a window, then told how often it came`() {
        let lines = Lines()
        var written = 0
        for second in 0..<50 where lines.take("m", fields: "f", level: .warning, at: Int64(second) * 1000) {
            written += 1
        }
        #expect(written == 1)
        #expect(lines.end(at: window - 1).isEmpty)
        let ended = lines.end(at: window)
        #expect(ended == [.init(level: .warning, message: "m", count: 49, seconds: 60)])
        #expect(ended[0].text == "m (repeated 49 times in the last 60 s)")
        #expect(lines.end(at: 10 * window).isEmpty)
        #expect(lines.take("m", fields: "f", level: .warning, at: 10 * window))
    }

    @Test func `A line that came once is told of no more`() {
        let lines = Lines()
        #expect(lines.take("m", fields: "", level: .info, at: 0))
        #expect(lines.endAll(at: window).isEmpty)
    }

    @Test func `Lines that differ in their fields are written, but only so many`() {
        let lines = Lines()
        let written = (0..<1000).filter { lines.take("m", fields: "a=\($0)", level: .info, at: 0) }
        #expect(written == Array(0..<RepeatedLines.mostLines))
        #expect(lines.endAll(at: 0).map(\.count) == [1000 - RepeatedLines.mostLines])
    }

    @Test func `Levels are apart`() {
        let lines = Lines()
        #expect(lines.take("m", fields: "", level: .info, at: 0))
        #expect(lines.take("m", fields: "", level: .error, at: 0))
        #expect(!lines.take("m", fields: "", level: .error, at: 0))
    }

    @Test func `Messages without end are counted together, by the highest level of them`() {
        let lines = Lines()
        let written = (0..<10_000).count {
            lines.take("m\($0)", fields: "", level: $0 == 5000 ? .error : .info, at: 0)
        }
        #expect(written == RepeatedLines.mostMessages)
        let ended = lines.end(at: window)
        #expect(
            ended == [
                .init(level: .error, message: nil, count: 10_000 - RepeatedLines.mostMessages, seconds: 60)
            ])
        #expect(ended[0].text.contains("lines were left out in the last 60 s"))
        #expect(lines.take("new", fields: "", level: .info, at: window))
    }

    @Test func `At the end everything that was counted is told`() {
        let lines = Lines()
        for message in ["b", "a"] {
            for _ in 0..<2 { _ = lines.take(message, fields: "", level: .info, at: 0) }
        }
        #expect(
            lines.endAll(at: 100).map(\.text) == [
                "a (repeated 1 time in the last 1 s)", "b (repeated 1 time in the last 1 s)",
            ])
    }
}

@Suite struct LogTextTests {
    @Test func `What a caller puts into a line stays within it, and does nothing to a terminal`() {
        let line = LogText.line(
            "x\n<0>forged\u{1B}[2J", fields: [("caller", "user:a\r\nsecond=1"), ("peer", "\u{202E}\u{9B}")])
        #expect(
            line
                == #"x\u{A}<0>forged\u{1B}[2J caller="user:a\u{D}\u{A}second=1" peer="\u{202E}\u{9B}""#)
        #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 })
    }

    @Test(arguments: [
        ("plain", "plain"), ("user:seed", "user:seed"), ("two words", "\"two words\""), ("", "\"\""),
        ("say \"x\"", #""say \"x\"""#), ("a=b", "a=b"), ("ü", "ü"),
    ])
    func `A value that could be taken for more than one is in quotes`(value: String, written: String) {
        #expect(LogText.value(value) == written)
    }

    @Test func `What is too long is cut`() {
        let cut = LogText.plain(String(repeating: "x", count: 100_000))
        #expect(cut.utf8.count < 5000 && cut.hasSuffix("…"))
    }
}
