// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import PlainText
import SentinelProtocol
import Testing

@testable import SentinelControl

/// Frames fit the terminal whatever is in them, and what is written makes the terminal show them.
@Suite struct FrameTests {
    private typealias Samples = ScreenSamples

    /// What somebody could put into a field to have the terminal do something.
    private static let evil = [
        "\u{1B}[2J\u{1B}[1;1H", "\u{9B}31m", "漢字漢字漢字漢字漢字漢字", "e\u{301}\u{301}\u{301}", "\u{202E}olleh",
        String(repeating: "x", count: 300), "🦀🦀🦀", "a\nb\r\tc", "", "\u{0}", "한국어 🏳️‍🌈", "\u{7}",
    ]

    private static func anyState(_ columns: Int, _ rows: Int) -> ScreenState {
        var state = Samples.state(columns, rows)
        func any() -> String { evil.randomElement()! }
        let bans = (0..<Int.random(in: 0...40)).map { id in
            var ban = sampleBan(Int64(id), key: Bool.random() ? any() : "203.0.113.\(id)", detail: any())
            ban.peer = any()
            ban.reason = any()
            ban.caller = any()
            return ban
        }
        let elements = bans.map {
            SetElement(key: $0.key, packets: .random(in: 0...Int64.max / 64), comment: any(), ban: $0.id)
        }
        let problems = Bool.random() ? [any(), any()] : []
        for second in [0.0, 1, 2] {
            _ = state.take(
                .glance(
                    Samples.glance(
                        packets: .random(in: 0...Int64.max / 64), bans: bans.count,
                        mode: .init(rawValue: any()), problems: problems)), at: Samples.instant(second))
            let set = Samples.set("accept4", count: bans.count, packets: nil, elements)
            let reading = ScreenData.Reading(
                sets: [set], bans: bans, limit: 200, refusal: Bool.random() ? any() : nil)
            _ = state.take(.reading(reading, took: .seconds(second)), at: Samples.instant(second))
        }
        switch Int.random(in: 0...8) {
        case 0: state.type("/", .pasted(any()))
        case 1: state.type("?jjjG")
        case 2: state.type("b", .pasted(any()), .enter)
        case 3: state.type("l")
        case 4: state.say(any(), .bad)
        case 5: _ = state.take(.failed(ControlError(.unreachable, any())), at: Samples.instant(3))
        case 6:
            let explanation = Explanation(
                subject: any(), inbound: true, outbound: false, set: any(), bans: bans, elements: elements,
                strikes: 3)
            _ = state.take(.explained(subject: any(), .success(explanation)), at: Samples.instant(3))
            state.type("jjj")
        case 7: state.type("x", .pasted(any()), .left, .left)
        default: state.type("jjjGkR")
        }
        return state
    }

    @Test func `A frame is never wider or higher than the terminal, and never acts on it`() {
        for _ in 0..<400 {
            let (columns, rows) = (Int.random(in: 0...140), Int.random(in: 0...50))
            let frame = Self.anyState(columns, rows).frame
            #expect(frame.lines.count == rows)
            for line in frame.lines {
                let text = line.rendered(inColours: false)
                #expect(text.displayWidth <= columns, "\(text) in \(columns)")
                #expect(text == text.sanitised)
            }
            if let cursor = frame.cursor {
                #expect((0..<columns).contains(cursor.column) && (0..<rows).contains(cursor.row))
            }
        }
    }

    @Test func `On 80 columns nothing that matters is left out`() {
        var state = Samples.state()
        _ = state.take(.glance(Samples.glance(packets: 1000, bans: 2)), at: Samples.instant(0))
        _ = state.take(.reading(Samples.reading(100, 7), took: .zero), at: Samples.instant(0))
        _ = state.take(.glance(Samples.glance(packets: 1500, bans: 2, banned: 20)), at: Samples.instant(1))
        _ = state.take(.reading(Samples.reading(350, 7), took: .zero), at: Samples.instant(1))
        let shown = state.shown
        #expect(
            shown[0] == "sentineld 0.1.0  owned-persistent  healthy                              05:12:34")
        #expect(shown[1] == "bans 2   refused 1,500 packets, 87.9 KiB")
        #expect(shown[2].hasPrefix("packets/s    500   29.3 KiB/s"))
        #expect(shown[3] == "bans/s    accept 20  dial 0  network 0   renewed 0  ended 0  evicted 0")
        #expect(shown[4] == "accept4  ▏░░░ 2/1.05M    ")
        #expect(
            shown[6] == "  ADDRESS          REASON      PEER       PACKETS▾     /S  LAST MIN  STR    LEFT")
        #expect(
            shown[7] == "▸ 203.0.113.1      rate-limit  12D3KooWA       350    250         █    2   9m59s")
        #expect(
            shown[8] == "  203.0.113.2      rate-limit  12D3KooWA         7      0         ▁    2   9m59s")
        #expect(shown[23] == "e explain  b ban  l lift  x exempt  / filter  s sort  p pause  ? help  q quit")
    }

    @Test func `What is written makes the terminal show the frame, whatever it showed before`() {
        for hasColours in [false, true] {
            var (columns, rows) = (80, 24)
            var painter = ScreenPainter(hasColours: hasColours)
            var terminal = TinyTerminal(columns, rows)
            for round in 0..<200 {
                if round % 20 == 19 {
                    (columns, rows) = (Int.random(in: 1...100), Int.random(in: 1...30))
                    terminal = TinyTerminal(columns, rows)
                }
                let frame = Self.anyState(columns, rows).frame
                terminal.take(painter.paint(frame))
                let again = painter.paint(frame)
                #expect(
                    terminal.lines == frame.lines.map { TinyTerminal.trimmed($0.rendered(inColours: false)) })
                #expect(terminal.cursor == frame.cursor)
                #expect(again == "")
            }
        }
    }
}

extension ScreenState {
    fileprivate var frame: Frame { view.frame(self) }
}

/// As much of a terminal as the screen uses, without wrapping; anything else fails the test.
private struct TinyTerminal {
    private var cells: [[String]]
    private let columns: Int
    private var row = 0
    private var column = 0
    private var isCursorShown = true

    init(_ columns: Int, _ rows: Int) {
        self.columns = columns
        // What another program has left.
        cells = Array(repeating: Array(repeating: "#", count: columns), count: rows)
    }

    var lines: [String] {
        cells.map { Self.trimmed($0.joined()) }
    }

    static func trimmed(_ text: String) -> String {
        var text = text
        while text.hasSuffix(" ") { text.removeLast() }
        return text
    }

    var cursor: Frame.Cursor? { isCursorShown ? .init(row: row, column: column) : nil }

    mutating func take(_ text: String) {
        var rest = Substring(text)
        while let first = rest.unicodeScalars.first {
            if first == "\u{1B}" {
                let end = rest.dropFirst(2).firstIndex { $0.isLetter } ?? rest.startIndex
                act(on: rest[...end].dropFirst(2))
                rest = rest[rest.index(after: end)...]
            } else {
                put(String(rest.removeFirst()))
            }
        }
    }

    private mutating func act(on sequence: Substring) {
        switch (sequence.dropLast(), sequence.last) {
        case ("2", "J"): cells = cells.map { _ in Array(repeating: " ", count: columns) }
        case ("", "K"): for index in column..<max(column, columns) { cells[row][index] = " " }
        case ("?25", "h"): isCursorShown = true
        case ("?25", "l"): isCursorShown = false
        case (let place, "H"):
            let numbers = place.split(separator: ";").compactMap { Int($0) }
            (row, column) = (numbers[0] - 1, numbers[1] - 1)
        case (_, "m"): break
        default: Issue.record("unexpected sequence \(sequence)")
        }
    }

    private mutating func put(_ character: String) {
        let width = character.displayWidth
        guard column + width <= columns else {
            Issue.record("\(character) is put behind the last column")
            return
        }
        cells[row][column] = character
        for index in 1..<max(1, width) { cells[row][column + index] = "" }
        column += width
    }
}
