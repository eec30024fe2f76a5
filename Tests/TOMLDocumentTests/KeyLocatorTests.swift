// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SentinelConfiguration
import Testing

@testable import TOMLDocument

private func lines(_ text: String, _ keys: [ConfigurationKey]) -> [Int?] {
    let locator = KeyLocator(Array(text.utf8))
    return keys.map { locator.lines[$0] }
}

@Suite struct KeyLocatorTests {
    @Test func `Sections, their keys and what they imply have lines`() {
        let text = """
            # a comment with a = 1 and [brackets]
            top = 1

            [a]
            x = 1 # y = 2
              indented = "z = 3"
            [ a . b . c ]
            y = 2
            [a.d]
            """
        #expect(
            lines(
                text,
                [
                    .init("top"), .init("a"), .init("a", "x"), .init("a", "indented"), .init("a", "b"),
                    .init("a", "b", "c"), .init("a", "b", "c", "y"), .init("a", "d"), .init("y"),
                    .init("a", "y"),
                ]) == [2, 4, 5, 6, 7, 7, 8, 9, nil, nil])
    }

    @Test func `Dotted and quoted keys are understood`() {
        let text = """
            [durations.reason."rate-limit"]
            first = 1
            [durations.reason.'a.b']
            "first" = 1
            "f\\u0061ctor" = 2
            maximum . "x.y" . 'z' = 3
            "" = 4
            """
        let section = ConfigurationKey("durations", "reason", "a.b")
        #expect(
            lines(
                text,
                [
                    .init("durations", "reason", "rate-limit", "first"), section.appending("first"),
                    section.appending("factor"), section.appending("maximum"),
                    section.appending("maximum").appending("x.y").appending("z"), section.appending(""),
                ]) == [2, 4, 5, 6, 6, 7])
    }

    @Test func `Elements of lists have lines`() {
        let text = """
            ports = [
              "tcp/1", # "tcp/2",
              [ 1,
                2 ], { x = 1 },

              "]", 'a"]', 1979-05-27 07:32:00,
            ]
            next = 1
            """
        let ports = ConfigurationKey("ports")
        #expect(
            lines(
                text,
                [
                    ports, ports.appending(0), ports.appending(1), ports.appending(1).appending(1),
                    ports.appending(2),
                    ports.appending(2).appending("x"), ports.appending(3), ports.appending(4),
                    ports.appending(5),
                    ports.appending(6), .init("next"),
                ]) == [1, 2, 3, 4, 4, 4, 6, 6, 6, nil, 8])
    }

    @Test func `Inline tables are sections`() {
        let text = """
            [durations]
            default = { first = "1m", more = { deep = [ { x = 1 } ] } }
            check.accept = { first = "}" , factor = 2 }
            """
        #expect(
            lines(
                text,
                [
                    .init("durations", "default", "first"), .init("durations", "default", "more", "deep"),
                    ConfigurationKey("durations", "default", "more", "deep").appending(0).appending("x"),
                    .init("durations", "check"), .init("durations", "check", "accept", "factor"),
                ]) == [2, 2, 2, 3, 3])
    }

    @Test func `Strings over several lines hide what is in them`() {
        let text = #"""
            a = """
            [no]
            b = 1 \
            \""" c = 2
            d = 3"""""
            e = '''
            f = 4 \'''
            g = "\"" # h = 5
            i = """x"""
            j = ""
            k = ''''
            '''
            l = 1
            """#
        #expect(
            lines(text, ["a", "no", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"].map { .init($0) })
                == [1, nil, nil, nil, nil, 6, nil, 8, nil, 9, 10, 11, 13])
    }

    @Test func `Each table of an array has its own lines, and what is within it`() {
        let text = """
            [[policy]]
            x = 1
            [policy.inner]
            y = 1
            [[policy]]
            x = 2
            [[policy.list]]
            z = 1
            [[policy.list]]
            z = 2
            [policy.list.deep]
            [other]
            x = 3
            """
        let first = ConfigurationKey("policy").appending(0)
        let second = ConfigurationKey("policy").appending(1)
        let list = second.appending("list")
        #expect(
            lines(
                text,
                [
                    .init("policy"), first, first.appending("x"), first.appending("inner").appending("y"),
                    second,
                    second.appending("x"), list, list.appending(0).appending("z"), list.appending(1),
                    list.appending(1).appending("z"), list.appending(1).appending("deep"),
                    .init("other", "x"),
                    .init("policy", "x"), first.appending("list"),
                ]) == [1, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 13, nil, nil])
    }

    @Test func `Line ends of other systems and a byte order mark do no harm`() {
        let tables = ConfigurationKey("a", "b")
        #expect(
            lines(
                "[[a.b]]\r\nx = 1\r\n[[a.b]]\r\nx = 2\r\ny = 3\r\n",
                [tables.appending(0).appending("x"), tables.appending(1).appending("x")])
                == [2, 4])
        #expect(lines("\u{FEFF}a = 1\n", [.init("a")]) == [1])
    }

    @Test func `What has no line has that of what is around it`() {
        let locator = KeyLocator(Array("[a]\n[a.b]\nx = [1]\n".utf8))
        #expect(locator.line(of: .init("a", "b", "y")) == 2)
        #expect(locator.line(of: .init("a", "c", "d")) == 1)
        #expect(locator.line(of: ConfigurationKey("a", "b", "x").appending(7)) == 3)
        #expect(locator.line(of: .init("z")) == nil)
    }

    @Test(arguments: [
        ("x = 1\ny = \"\\u0000\"", 2), ("\"a\\U00000000\" = 1", 1), ("x = \"\"\"\n\n\\u0000\"\"\"", 3),
        ("x = '\\u0000'", nil), ("x = \"\\\\u0000\"", nil), ("# \\u0000", nil),
    ])
    func `A character NUL is seen where it is escaped`(text: String, line: Int?) {
        #expect(KeyLocator(Array(text.utf8)).escapedNUL == line)
    }

    @Test(arguments: [
        ("a = 1\n[=]", 2), ("[\n]", 1), ("[[ [a]]", 1), ("[.a]", 1), ("[[#]]", 1), ("x = [1,\n{},\n}", 3),
        ("x = [}", 1), ("x = { y = [ 1, } }", 1), ("x = 2027-01-01T", 1), ("x = [ 2027-01-01tx ]", 1),
        ("x = [ 2027-01-01 0]", 1), ("x = 20_27-01-01 0 ", 1),
        ("x = 2027-0/-01 1 T", 1), ("x = 2027-\u{e9}a-01 1 ", 1), ("x = [123,-4,-1, 2]", nil), ("[]", nil),
        ("[", nil), ("[[a]]", nil),
        ("[ a ]", nil), ("['a']", nil), ("x = [ ]", nil), ("x = [ [ ], { } ]", nil),
        ("x = 2027-01-01T00:00:00Z", nil), ("x = 2027-01-01 00:00:00Z", nil), ("x = 2027-01-01", nil),
        ("x = 2027-01-01 ", nil), ("x = [2027-01-01, 2027-01-01 ]", nil), ("x = 2027-01-01 # T", nil),
        ("x = 2027-01-01\t\r\n", nil), ("x = \"2027-01-01T\" # [=]", nil), ("x = '}'", nil),
    ])
    func `What the parser would end the process for is seen, and nothing else`(text: String, line: Int?) {
        #expect(KeyLocator(Array(text.utf8)).unparsable?.line == line)
    }

    @Test func `Any text comes to its end`() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("[]{}=.,\"'\\#\n\r \tau0x".utf8) + [0, 0x80, 0xFF]
        for length in 0..<2000 {
            let text = (0..<length % 64).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            let end = text.count { $0 == UInt8(ascii: "\n") } + 1
            let lines = KeyLocator(text).lines.values
            #expect(lines.allSatisfy { (1...end).contains($0) }, "\(text)")
        }
    }
}

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("acept", "accept"), ("accpet", "accept"), ("Accept", "accept"), ("dail", "dial"),
        ("netwrk", "network"),
        ("feeds", "feed"), ("devices", nil), ("", nil), ("x", nil),
    ])
    func `The nearest word is found where it is near`(text: String, expected: String?) {
        #expect(Suggestion.nearest(to: text, in: ["accept", "dial", "network", "feed"]) == expected)
    }

    @Test func `A distance counts insertions, removals, replacements and swaps`() {
        func distance(_ a: String, _ b: String) -> Int {
            Suggestion.distance(Array(a.unicodeScalars), Array(b.unicodeScalars))
        }
        #expect(distance("", "") == 0)
        #expect(distance("abc", "") == 3)
        #expect(distance("", "abc") == 3)
        #expect(distance("kitten", "sitting") == 3)
        #expect(distance("ab", "ba") == 1)
        #expect(distance("abcd", "acbd") == 1)
    }
}
