// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Testing

@testable import SentinelControl

@Suite struct KeyDecoderTests {
    private static let typed =
        "a\u{1B}[Aé漢\r\u{1B}[5~\u{1B}OB\u{1B}[1;5C🦀\u{7F}\u{1B}[200~10.0.0.1\u{1B}[B\n\u{1B}[201~q\u{1}\t"
    private static let keys: [Key] = [
        .character("a"), .up, .character("é"), .character("漢"), .enter, .pageUp, .down, .right,
        .character("🦀"),
        .backspace, .pasted("10.0.0.1\u{1B}[B\n"), .character("q"), .control("a"), .tab,
    ]

    @Test func `Keys are told from each other, and what is pasted from what is typed`() {
        var decoder = KeyDecoder()
        #expect(decoder.take(Self.typed.utf8) == Self.keys)
        #expect(!decoder.isWaiting)
    }

    @Test func `They are the same in whatever pieces they come`() {
        let bytes = Array(Self.typed.utf8)
        for cut in 1..<bytes.count {
            var decoder = KeyDecoder()
            #expect(decoder.take(bytes[..<cut]) + decoder.take(bytes[cut...]) == Self.keys, "cut at \(cut)")
        }
        var decoder = KeyDecoder()
        let keys = bytes.flatMap { decoder.take([$0]) }
        #expect(keys == Self.keys)
    }

    @Test func `An escape is the Escape key when nothing follows`() {
        var decoder = KeyDecoder()
        #expect(decoder.take("\u{1B}".utf8) == [])
        #expect(decoder.isWaiting)
        #expect(decoder.flush() == [.escape])
        #expect(!decoder.isWaiting)
        #expect(decoder.take("\u{1B}\u{1B}[A".utf8) == [.escape, .up])
        #expect(decoder.take("\u{1B}q".utf8) == [.escape, .character("q")])
    }

    @Test(arguments: ["\u{1B}[99X", "\u{1B}[<0;5;5M", "\u{1B}[?1;2c", "\u{1B}[15~"])
    func `A sequence that means nothing here is none of the keys in it`(sequence: String) {
        var decoder = KeyDecoder()
        let keys = decoder.take(sequence.utf8) + decoder.take("q".utf8)
        #expect(keys.last == .character("q") && !keys.contains(.character("X")) && keys.count <= 2)
    }

    @Test func `A character that is cut off or wrong is dropped, and what follows isn't`() {
        var decoder = KeyDecoder()
        #expect(decoder.take([0xE6, 0xBC]) == [])
        #expect(decoder.flush() == [])
        #expect(
            decoder.take([0xE6, 0x71, 0xFF, 0xC0, 0x80, 0x72, 0xED, 0xA0, 0x80, 0x73]).filter {
                $0 != .escape
            }
                == [.character("q"), .character("r"), .character("s")])
    }

    @Test func `Whatever bytes come, it goes on, and keeps no more than a little`() {
        let favourites: [UInt8] = [0x1B, 0x5B, 0x4F, 0x7E, 0x3B, 0x32, 0x30, 0x31, 0xE6, 0xC3, 0x71]
        for _ in 0..<2000 {
            var decoder = KeyDecoder()
            let bytes = (0..<Int.random(in: 0...60)).map { _ in
                Bool.random() ? favourites.randomElement()! : UInt8.random(in: 0...255)
            }
            _ = decoder.take(bytes)
            _ = decoder.flush()
            // A paste may have begun: its end ends it.
            _ = decoder.take("\u{1B}[201~".utf8)
            _ = decoder.flush()
            #expect(decoder.take("q".utf8).last == .character("q"), "\(bytes)")
        }
    }

    @Test func `A paste without an end takes no memory without an end`() {
        var decoder = KeyDecoder()
        #expect(decoder.take("\u{1B}[200~".utf8) == [])
        for _ in 0..<50 { #expect(decoder.take([UInt8](repeating: 0x61, count: 1000)) == []) }
        guard case .pasted(let text)? = decoder.take("\u{1B}[201~".utf8).first else {
            Issue.record("no paste")
            return
        }
        #expect(text.count <= 4096 && text.allSatisfy { $0 == "a" })
    }
}

@Suite struct LineEditorTests {
    private func edited(_ text: String, _ keys: Key...) -> String {
        var line = LineEditor(text)
        for key in keys { _ = line.take(key) }
        return "\(line.text)@\(line.position)"
    }

    @Test func `A line is edited where its cursor is`() {
        #expect(edited("", .character("a"), .character("漢")) == "a漢@2")
        #expect(edited("abc", .left, .left, .backspace, .character("x")) == "xbc@1")
        #expect(edited("abc", .home, .delete, .end, .character("x")) == "bcx@3")
        #expect(edited("abc", .control("u"), .pasted("1.2.3.4\nmore")) == "1.2.3.4@7")
        #expect(edited("one two ", .control("w")) == "one @4")
        #expect(edited("one two", .home, .right, .control("k")) == "o@1")
        #expect(edited("", .backspace, .delete, .left, .right) == "@0")
    }

    @Test func `It takes nothing that a terminal would act on, and no more than it can hold`() {
        #expect(edited("", .pasted("a\u{1B}[2Jb\u{9B}\u{202E}c")) == "a[2Jbc@6")
        #expect(LineEditor("a\u{1B}").text == "a\\u{1B}")
        var line = LineEditor()
        for _ in 0..<10 { _ = line.take(.pasted(String(repeating: "x", count: 300))) }
        #expect(line.text.count == 512)
    }

    @Test func `The part in view has the cursor in it, and fits`() {
        for _ in 0..<500 {
            let letters: [Character] = ["a", "é", "漢", "e\u{301}", " "]
            var line = LineEditor(String((0..<Int.random(in: 0...40)).map { _ in letters.randomElement()! }))
            for _ in 0..<Int.random(in: 0...40) { _ = line.take(.left) }
            for width in 1..<20 {
                let window = line.window(width)
                #expect(window.text.displayWidth <= width)
                #expect((0..<width).contains(window.cursor))
            }
        }
    }
}
