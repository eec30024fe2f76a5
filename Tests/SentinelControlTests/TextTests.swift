// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import PlainText
import Testing

@testable import SentinelControl

@Suite struct TextTests {
    @Test(arguments: [
        ("plain, with ünïcode — and 漢字", "plain, with ünïcode — and 漢字"),
        ("\u{1B}[2J", "\\u{1B}[2J"), ("a\nb\tc\r", "a\\u{A}b\\u{9}c\\u{D}"), ("\u{9B}31m", "\\u{9B}31m"),
        ("\u{7F}", "\\u{7F}"), ("\u{202E}evil", "\\u{202E}evil"), ("\u{2028}", "\\u{2028}"), ("\0", "\\u{0}"),
    ])
    func `What a terminal would act on is made visible`(text: String, shown: String) {
        #expect(text.sanitised == shown)
        #expect(Span(text).text == shown)
    }

    @Test func `No scalar below U+3000 gets through as a control character`() {
        for value in UInt32(0)..<0x3000 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let shown = String(scalar).sanitised.unicodeScalars
            #expect(!shown.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) }, "\(value)")
        }
    }

    @Test func `JSON has no raw control characters either, and still means the same`() throws {
        let json = try JSONText.line(["text": "\u{1B}[2J\u{9B}\u{202E}\u{E0001}é/"])
        #expect(json == #"{"text":"\u001b[2J\u009b\u202e\udb40\udc01é/"}"# + "\n")
    }

    @Test(arguments: [
        ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("漢字", 4), ("ＡＢ", 4), ("한", 2),
    ])
    func `Widths are columns of a terminal`(text: String, width: Int) {
        #expect(text.displayWidth == width)
    }

    @Test(arguments: [("abcdef", "abcd…"), ("abcde", "abcde"), ("漢字漢字", "漢字…"), ("", "")])
    func `A text is cut with an ellipsis`(text: String, cut: String) {
        #expect(text.cut(to: 5) == cut)
    }

    @Test func `A cut text fits, whatever it holds`() {
        let letters: [Character] = ["a", "é", "漢", "e\u{301}", " ", "한"]
        for width in 0..<12 {
            for _ in 0..<50 {
                let text = String((0..<Int.random(in: 0..<14)).compactMap { _ in letters.randomElement() })
                #expect(text.cut(to: width).displayWidth <= width, "\(text) in \(width)")
            }
        }
    }

    @Test func `Lines are broken at spaces`() {
        #expect("one two three".wrapped(to: 7) == ["one two", "three"])
        #expect("unbreakable x".wrapped(to: 4) == ["unbreakable", "x"])
        #expect("".wrapped(to: 4) == [""])
        #expect("one two".wrapped(to: .max) == ["one two"])
    }

    @Test func `Colours end with their span, and no line ends with spaces`() {
        let line = Line(Span("a", .bad), "  ", Span("b"), "   ")
        #expect(line.rendered(inColours: true) == "\u{1B}[31ma\u{1B}[0m  b")
        #expect(line.rendered(inColours: false) == "a  b")
    }

    @Test func `Fields are aligned, and long values go on below themselves`() {
        var fields = FieldList(indent: 2)
        fields.add("a", "1")
        fields.add("nothing", nil)
        fields.add("long", "words that go on and on")
        #expect(
            fields.lines(width: 30).map { $0.rendered(inColours: false) } == [
                "  a     1", "  long  words that go on and", "        on",
            ])
    }
}
