// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SentinelConfiguration
import Testing

@testable import TOMLDocument

/// A text after some changes.
func edited(_ text: String, _ edits: ConfigurationEdit...) throws(ConfigurationError) -> String {
    String(decoding: try Document.edited(text.utf8, by: edits, file: "test.toml"), as: UTF8.self)
}

private let first = ConfigurationKey("durations", "default", "first")
private let addresses = ConfigurationKey("exempt", "addresses")

@Suite struct KeyEditingTests {
    @Test func `A value is replaced where it stands, in its own quotes`() throws {
        let text = """
            [durations.default]   # all bans
            first='10m'# short
              factor   =   4
            """
        let changed = try edited(
            text, .set(first, .text("1h")), .set(.init("durations", "default", "factor"), .number(2.5)))
        #expect(
            changed == """
                [durations.default]   # all bans
                first='1h'# short
                  factor   =   2.5
                """)
    }

    @Test func `A value that is already there changes nothing, however it is written`() throws {
        let text = "[durations.default]\nfactor = 0x4\nfirst = \"1\\u0068\"\n"
        #expect(try edited(text, .set(.init("durations", "default", "factor"), .integer(4))) == text)
        #expect(try edited(text, .set(first, .text("1h"))) == text)
    }

    @Test func `A new key comes below the section's last, written as that is`() throws {
        let text = "[durations.default]\n  first=\"1h\" # long\n\n# next\n[log]\n"
        #expect(
            try edited(text, .set(.init("durations", "default", "factor"), .integer(2)))
                == "[durations.default]\n  first=\"1h\" # long\n  factor=2\n\n# next\n[log]\n")
    }

    @Test func `A new key comes below the line that has it as a comment`() throws {
        let text = """
            [durations.default]
            # How long the first ban lasts.
            #first = "10m"

            # How many times longer.
            #factor = 4
            """
        #expect(
            try edited(text, .set(first, .text("1h"))) == """
                [durations.default]
                # How long the first ban lasts.
                #first = "10m"
                first = "1h"

                # How many times longer.
                #factor = 4
                """)
    }

    @Test func `A new section comes below the comment that has its header, or below its nearest relative`()
        throws
    {
        let text = """
            # Bans.
            #[durations]

            # All.
            #[durations.default]
            #first = "10m"

            [durations.reason.rate-limit]
            first = "1m"
            # a comment that hangs on

            # What sentineld writes.
            [log]
            level = "info"
            """
        let reason = ConfigurationKey("durations", "reason", "scanner", "first")
        #expect(
            try edited(text, .set(first, .text("1h")), .set(reason, .text("2h"))) == """
                # Bans.
                #[durations]

                # All.
                #[durations.default]
                [durations.default]
                first = "1h"
                #first = "10m"

                [durations.reason.rate-limit]
                first = "1m"
                # a comment that hangs on

                [durations.reason.scanner]
                first = "2h"

                # What sentineld writes.
                [log]
                level = "info"
                """)
    }

    @Test func `A key is not put below a comment that is about another section`() throws {
        let text = "[durations.default]\nfactor = 2\n\n#[durations.check.accept]\n#first = \"10m\"\n"
        #expect(
            try edited(text, .set(first, .text("1h")))
                == text.replacing("factor = 2\n", with: "factor = 2\nfirst = \"1h\"\n"))
    }

    @Test func `A section is not put where keys would become its own`() throws {
        let text = "[durations]\n#[durations.default]\nnode_maximum = \"7d\"\n"
        #expect(
            try edited(text, .set(first, .text("1h")))
                == "[durations]\n#[durations.default]\nnode_maximum = \"7d\"\n\n[durations.default]\nfirst = \"1h\"\n"
        )
    }

    @Test func `A section is removed with its keys; comments stay, and so do the sections in it`() throws {
        let text = """
            [durations.check.accept]
            first = "1h" # gone with it
            # stays
            factor = 2

            [durations.check.accept.reason.x]
            first = "2h"
            """
        #expect(
            try edited(text, .remove(.init("durations", "check", "accept"))) == """
                # stays

                [durations.check.accept.reason.x]
                first = "2h"
                """)
    }

    @Test func `Lists of sections get and lose entries`() throws {
        let text = "[[policy]]\nkind = \"rate\"\n\n[[policy]]\nkind = \"list\"\n\n[log]\n"
        let policies = ConfigurationKey("policy")
        let longer = try edited(text, .appendSection(policies, [.init(name: "kind", value: .text("limit"))]))
        #expect(
            longer
                == "[[policy]]\nkind = \"rate\"\n\n[[policy]]\nkind = \"list\"\n\n[[policy]]\nkind = \"limit\"\n\n[log]\n"
        )
        #expect(try edited(longer, .remove(policies.appending(2))) == text)
        #expect(
            try edited(longer, .remove(policies.appending(0)))
                == "\n[[policy]]\nkind = \"list\"\n\n[[policy]]\nkind = \"limit\"\n\n[log]\n")
    }

    @Test func `Line ends stay as they are, and a last line without one too`() throws {
        #expect(
            try edited("[log]\r\nlevel = \"info\"", .set(first, .text("1h")))
                == "[log]\r\nlevel = \"info\"\r\n\r\n[durations.default]\r\nfirst = \"1h\"")
        #expect(try edited("", .set(first, .text("1h"))) == "[durations.default]\nfirst = \"1h\"\n")
    }

    /// What can't be done in the text's own form.
    @Test(arguments: [
        "durations = { default = { factor = 4 } }", "durations.default.factor = 4",
        "[durations]\ndefault = { factor = 4 }", "[durations]\ndefault.factor = 4",
        "[durations.default.first]\nx = 1", "[durations.default]\nfirst = [1]", "durations = 1",
    ])
    func `What would have to be written otherwise is refused with a remedy`(text: String) throws {
        let error = try #require(throws: ConfigurationError.self) {
            try edited(text, .set(first, .text("1h")))
        }
        #expect(error.problems.count == 1)
        #expect(error.description.hasPrefix("test.toml:"))
        #expect(error.description.contains("[durations.default] first: "))
    }

    @Test func `A value in an inline table or at a dotted key is replaced`() throws {
        #expect(
            try edited("durations = { default = { first = \"2h\" } } # x\n", .set(first, .text("1h")))
                == "durations = { default = { first = \"1h\" } } # x\n")
        #expect(
            try edited("[durations]\ndefault.first = \"2h\"", .set(first, .text("1h")))
                == "[durations]\ndefault.first = \"1h\"")
    }

    @Test(arguments: [first, ConfigurationKey("durations", "default"), addresses.appending(0)])
    func `What isn't there can't be removed`(key: ConfigurationKey) throws {
        let error = try #require(throws: ConfigurationError.self) { try edited("[log]\n", .remove(key)) }
        #expect(error.description.contains("is not in the file"))
    }

    @Test func `Texts with anything in them are written so that they are read`() throws {
        for text in ["", "\"", "\\", "a\nb", "\u{1}\u{7F}", "'''", "ü€😀", "# no comment"] {
            let key = ConfigurationKey("a", text == "" ? "" : text)
            let changed = try edited("[log]\n", .set(key, .text(text)))
            #expect(try Document(changed.utf8, file: "test.toml").node[key] == .text(text))
            #expect(try edited(changed, .remove(.init("a"))) == "[log]\n")
        }
    }

    @Test func `A change is JSON, and reads back`() throws {
        let edits: [ConfigurationEdit] = [
            .set(first, .text("1h")), .set(first, .number(2.5)), .set(first, .integer(2)),
            .set(first, .boolean(true)), .remove(addresses.appending(3)),
            .append(addresses, .text("192.0.2.1"), note: "a"),
            .append(addresses, .text("192.0.2.1"), note: nil),
            .appendSection(.init("policy"), [.init(name: "kind", value: .text("rate"))]),
        ]
        #expect(try ConfigurationEdit.edits(json: ConfigurationEdit.json(edits)) == edits)
        #expect(throws: ConfigurationError.self) { try ConfigurationEdit.edits(json: "[{\"set\": 1}]") }
    }
}

@Suite struct ListEditingTests {
    /// A list as it stands, with an element and its note added, and without its note.
    @Test(arguments: [
        ("[]", "[\n    \"c\" # n\n]", "[\"c\"]"),
        ("[ ]", "[\n    \"c\" # n\n ]", "[ \"c\" ]"),
        ("[\n]", "[\n    \"c\", # n\n]", "[\n    \"c\",\n]"),
        ("[\n    # none\n]", "[\n    # none\n    \"c\", # n\n]", "[\n    # none\n    \"c\",\n]"),
        ("[\"a\"]", "[\"a\",\n    \"c\" # n\n]", "[\"a\", \"c\"]"),
        ("[ 'a','b', ]", "[ 'a','b',\n    'c', # n\n ]", "[ 'a','b','c', ]"),
        ("[\n  \"a\" # x\n]", "[\n  \"a\", # x\n  \"c\" # n\n]", "[\n  \"a\", # x\n  \"c\"\n]"),
        (
            "[\n\t\"a\", # x\n\t# y\n\n\t\"b\", # z\n\t# end\n]",
            "[\n\t\"a\", # x\n\t# y\n\n\t\"b\", # z\n\t\"c\", # n\n\t# end\n]",
            "[\n\t\"a\", # x\n\t# y\n\n\t\"b\", # z\n\t\"c\",\n\t# end\n]"
        ),
        (
            "[\n    \"a\", \"b\"\n]", "[\n    \"a\", \"b\",\n    \"c\" # n\n]",
            "[\n    \"a\", \"b\",\n    \"c\"\n]"
        ),
    ])
    func `An element comes at the end and goes without a trace`(list: String, noted: String, plain: String)
        throws
    {
        func text(_ list: String) -> String { "[exempt] # x\naddresses = \(list) # y\n\n[log]\n" }
        let added = try edited(text(list), .append(addresses, .text("c"), note: "n"))
        #expect(added == text(noted))
        #expect(try edited(text(list), .append(addresses, .text("c"), note: nil)) == text(plain))
        let last = (try #require(try count(added))) - 1
        #expect(try edited(added, .remove(addresses.appending(last))) == text(list))
        #expect(try edited(text(plain), .remove(addresses.appending(last))) == text(list))
    }

    private func count(_ text: String) throws -> Int? {
        guard case .list(let elements) = try Document(text.utf8, file: "test.toml").node[addresses] else {
            return nil
        }
        return elements.count
    }

    @Test func `Of a list that isn't there a new one is made`() throws {
        #expect(
            try edited("[exempt]\n#addresses = []\n", .append(addresses, .text("a"), note: nil))
                == "[exempt]\n#addresses = []\naddresses = [\"a\"]\n")
        #expect(
            try edited("", .append(addresses, .text("a"), note: "n"))
                == "[exempt]\naddresses = [\n    \"a\", # n\n]\n")
    }

    /// A list, the place of the element that goes, and what is left.
    @Test(arguments: [
        ("[\"a\", \"b\", \"c\"]", 0, "[\"b\", \"c\"]"), ("[\"a\", \"b\", \"c\"]", 1, "[\"a\", \"c\"]"),
        ("[\"a\", \"b\", \"c\"]", 2, "[\"a\", \"b\"]"), ("[\"a\", \"b\",]", 1, "[\"a\",]"),
        ("[\"a\",]", 0, "[]"), ("[\"a\" # x\n]", 0, "[\n]"),
        ("[\n  # of a\n  \"a\", # x\n  \"b\", # y\n]", 0, "[\n  # of a\n  \"b\", # y\n]"),
        ("[\n  \"a\", # x\n  \"b\" # y\n]", 1, "[\n  \"a\" # x\n]"),
        ("[\"a\", # x\n \"b\"]", 1, "[\"a\" # x\n ]"), ("[\"a\", # x\n \"b\"]", 0, "[\n \"b\"]"),
        ("[\n \"a\", \"b\", # x\n \"c\"\n]", 1, "[\n \"a\", # x\n \"c\"\n]"),
        ("[\n \"a\", \"b\", # x\n \"c\"\n]", 0, "[\n \"b\", # x\n \"c\"\n]"),
    ])
    func `An element goes with what is about it alone`(list: String, index: Int, left: String) throws {
        let text = "addresses = \(list)\n[log]\n"
        #expect(
            try edited(text, .remove(.init([.key("addresses"), .index(index)])))
                == "addresses = \(left)\n[log]\n")
    }

    @Test(arguments: ["a\nb", "a\u{1B}[2Jb", String(repeating: "x", count: 201)])
    func `A note is one plain line`(note: String) throws {
        let error = try #require(throws: ConfigurationError.self) {
            try edited("", .append(addresses, .text("a"), note: note))
        }
        #expect(error.description.contains("can't be a comment"))
    }
}
