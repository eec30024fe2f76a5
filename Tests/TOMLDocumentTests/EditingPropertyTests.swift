// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SentinelConfiguration
import TestRandom
import Testing

@testable import TOMLDocument

/// Texts by chance, with comments, blank lines and lists of many forms in them.
private struct RandomText {
    var generator: Seeded
    var lines: [String] = []
    /// Keys with values without parts, each with whether it is written as the editor would.
    var plain: [(key: ConfigurationKey, value: ConfigurationEdit.Value)] = []
    var lists: [(key: ConfigurationKey, count: Int)] = []
    var sections: [ConfigurationKey] = []
    /// How many sections each list of them has.
    var listed: [ConfigurationKey: Int] = [:]

    init(seed: UInt64) {
        generator = Seeded(seed)
        filler()
        keys(of: ConfigurationKey())
        for section in ["a", "b", "c.d", "c", "e.\"f g\".h"] where one(in: 3) == false {
            filler()
            let key = ConfigurationKey(
                section.split(separator: ".").map { .key(String($0.filter { $0 != "\"" })) })
            lines.append(indent + "[\(section)]" + comment)
            sections.append(key)
            keys(of: key)
        }
        for index in 0..<Int.random(in: 0..<3, using: &generator) {
            filler()
            lines.append("[[list]]" + comment)
            listed[ConfigurationKey("list")] = index + 1
            keys(of: ConfigurationKey("list").appending(index))
        }
        filler()
    }

    /// The text, with its line ends, and with or without one at its end.
    mutating func text() -> String {
        let end = one(in: 4) ? "\r\n" : "\n"
        return lines.joined(separator: "\n").split(separator: "\n", omittingEmptySubsequences: false)
            .joined(separator: end) + (one(in: 4) ? "" : end)
    }

    mutating func one(in count: Int) -> Bool { Int.random(in: 0..<count, using: &generator) == 0 }

    private var indent: String { mutating get { one(in: 6) ? "  " : "" } }
    private var comment: String { mutating get { one(in: 3) ? " # x = [\"1\"] # [y]" : "" } }

    private mutating func filler() {
        for _ in 0..<Int.random(in: 0..<3, using: &generator) {
            let choices = ["", "# a comment", "  # k1 = 2", "#[z.y]", "#k0=1", "#[b]", "# \"quoted\" 'text'"]
            lines.append(choices.randomElement(using: &generator) ?? "")
        }
    }

    private mutating func keys(of section: ConfigurationKey) {
        for name in ["k0", "k1", "k2", "k3", "k4"] where one(in: 2) {
            if one(in: 2) { filler() }
            let equals = one(in: 4) ? "=" : " = "
            let key = section.appending(name)
            let value: String
            switch Int.random(in: 0..<8, using: &generator) {
            case 0:
                value = "7"
                plain.append((key, .integer(7)))
            case 1:
                value = "\"# [no] 'comment' = \\\"x\\\"\""
                plain.append((key, .text("# [no] 'comment' = \"x\"")))
            case 2:
                value = "true"
                plain.append((key, .boolean(true)))
            case 3: value = "'''\n[a]\nk0 = 1 # text\n'''"
            case 4: value = "{ x = 1, \"y\" = [2, 3] }"
            case 5: value = "2027-01-01T00:00:00Z"
            default: value = list(key)
            }
            lines.append(indent + name + equals + value + comment)
        }
    }

    private mutating func list(_ key: ConfigurationKey) -> String {
        let count = Int.random(in: 0..<4, using: &generator)
        lists.append((key, count))
        let elements = (0..<count).map { "\"e\($0), # ]\"" }
        let comma = one(in: 2) && count > 0 ? "," : ""
        if one(in: 2) {
            let space = one(in: 3) ? " " : ""
            return "[\(space)\(elements.joined(separator: one(in: 3) ? "," : ", "))\(comma)\(space)]"
        }
        var text = "["
        for (index, element) in elements.enumerated() {
            let isCommented = one(in: 3)
            if isCommented { text += one(in: 2) ? "\n    #k\(index) = 1" : "\n    #[b]" }
            // Some share a line.
            text += index > 0 && !isCommented && one(in: 4) ? " " : "\n    "
            text += element + (index + 1 < count ? "," : comma)
            if one(in: 3) { text += " # behind \(index)\n" }
        }
        if one(in: 3) { text += "\n  # the end" }
        return text + "\n]"
    }
}

@Suite struct EditingPropertyTests {
    private static func node(_ text: String) throws -> Node {
        try Document(text.utf8, file: "test.toml").node
    }

    /// How many lines are only in the one text and only in the other.
    private static func difference(_ old: String, _ new: String) -> (removed: [String], inserted: [String]) {
        func lines(_ text: String) -> [String] {
            text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        }
        var (removed, inserted): ([String], [String]) = ([], [])
        for change in lines(new).difference(from: lines(old)) {
            switch change {
            case .remove(_, let line, _): removed.append(line)
            case .insert(_, let line, _): inserted.append(line)
            }
        }
        return (removed, inserted)
    }

    /// The lines that are comments and nothing else.
    private static func comments(_ text: String) -> [Substring] {
        text.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }.filter { $0.hasPrefix("#") }
    }

    private static let seeds = 0..<UInt64(400)

    @Test func `A value that is set and set back leaves the text as it was, and its line alone differs`()
        throws
    {
        for seed in Self.seeds {
            var random = RandomText(seed: seed)
            let text = random.text()
            guard let (key, old) = random.plain.randomElement(using: &random.generator) else { continue }
            let new = try edited(text, .set(key, .text("new \(seed)")))
            #expect(try Self.node(new)[key] == .text("new \(seed)"))
            let (removed, inserted) = Self.difference(text, new)
            #expect(removed.count == 1 && inserted.count == 1, "seed \(seed)")
            #expect(try edited(new, .set(key, old)) == text, "seed \(seed)")
        }
    }

    @Test func `A key or a section that is added and removed leaves the text as it was, and only adds lines`()
        throws
    {
        for seed in Self.seeds {
            var random = RandomText(seed: seed)
            let text = random.text()
            let before = try Self.node(text)
            let key: ConfigurationKey
            var undo: ConfigurationKey
            if let section = random.sections.randomElement(using: &random.generator), random.one(in: 2) {
                key = section.appending("new")
                undo = key
            } else {
                let parents = [[], ["a"], ["c"], ["new"], ["e", "f g"]]
                let parent = parents.randomElement(using: &random.generator) ?? []
                undo = ConfigurationKey(parent.map { .key($0) } + [.key("added")])
                key = undo.appending("new")
            }
            let new = try edited(text, .set(key, .integer(1)))
            var after = try Self.node(new)
            #expect(after[key] == .integer(1))
            after.remove(key.components[...])
            #expect(after == before, "seed \(seed)")
            #expect(Self.comments(new) == Self.comments(text), "seed \(seed)")
            let (removed, inserted) = Self.difference(text, new)
            let hasEnd = text.hasSuffix("\n")
            #expect(removed.count <= (hasEnd ? 0 : 1) && inserted.count <= 4, "seed \(seed)")
            #expect(try edited(new, .remove(undo)) == text, "seed \(seed)")
        }
    }

    @Test func `An element that is added and removed leaves the text as it was`() throws {
        for seed in Self.seeds {
            var random = RandomText(seed: seed)
            let text = random.text()
            guard let (key, count) = random.lists.randomElement(using: &random.generator) else { continue }
            let note = random.one(in: 2) ? "a note" : nil
            let new = try edited(text, .append(key, .text("new"), note: note))
            #expect(try Self.node(new)[key.appending(count)] == .text("new"))
            #expect(note == nil || new.contains("# a note"), "seed \(seed)")
            #expect(Self.difference(text, new).removed.count <= 1, "seed \(seed)")
            #expect(Self.comments(new) == Self.comments(text), "seed \(seed)")
            #expect(try edited(new, .remove(key.appending(count))) == text, "seed \(seed)")
        }
    }

    @Test func `A section that is added to a list and removed leaves the text as it was`() throws {
        for seed in Self.seeds {
            var random = RandomText(seed: seed)
            let text = random.text()
            let key = ConfigurationKey("list")
            let count = random.listed[key] ?? 0
            let new = try edited(text, .appendSection(key, [.init(name: "k", value: .number(1.5))]))
            #expect(try Self.node(new)[key.appending(count).appending("k")] == .number(1.5.bitPattern))
            #expect(Self.comments(new) == Self.comments(text), "seed \(seed)")
            #expect(try edited(new, .remove(key.appending(count))) == text, "seed \(seed)")
        }
    }

    @Test func `What is removed is gone, and nothing else is`() throws {
        for seed in Self.seeds {
            var random = RandomText(seed: seed)
            let text = random.text()
            var expected = try Self.node(text)
            let keys =
                random.plain.map(\.key)
                + random.lists.flatMap { list in
                    [list.key] + (0..<list.count).map { list.key.appending($0) }
                }
            guard let key = keys.randomElement(using: &random.generator) else { continue }
            let new = try edited(text, .remove(key))
            expected.remove(key.components[...])
            #expect(try Self.node(new) == expected, "seed \(seed)")
            #expect(Self.difference(text, new).inserted.count <= 1, "seed \(seed)")
            if case .index = key.components.last {
                #expect(Self.comments(new) == Self.comments(text), "seed \(seed)")
            }
        }
    }
}
