// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText
internal import SentinelConfiguration

/// A text whose parts are known, and what it says: what a change makes of both.
struct TextEditor {
    let bytes: [UInt8]
    let places: [TextPlace]
    let comments: [Range<Int>]
    /// Comments that have a line for themselves, and don't stand in a value.
    let loneComments: [Range<Int>]
    let node: Node
    /// How lines end.
    let lineEnd: [UInt8]

    /// A part of the text, and what comes in its place.
    struct Patch: Hashable {
        var range: Range<Int>
        var text: [UInt8]

        init(_ range: Range<Int>, _ text: String = "") {
            self.range = range
            self.text = Array(text.utf8)
        }

        init(at position: Int, _ text: String) {
            self.init(position..<position, text)
        }
    }

    init(_ locator: KeyLocator, node: Node) {
        bytes = locator.bytes
        places = locator.places
        comments = locator.comments
        self.node = node
        loneComments = Self.alone(locator)
        let first = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? 0
        lineEnd = Array((first > 0 && bytes[first - 1] == UInt8(ascii: "\r") ? "\r\n" : "\n").utf8)
    }

    private static func alone(_ locator: KeyLocator) -> [Range<Int>] {
        // Assignments in lines of their own follow each other, and so do comments.
        var values = locator.places.filter {
            if case .assignment(_, nesting: 0) = $0.kind { true } else { false }
        }[...]
        return locator.comments.filter { comment in
            values = values.drop { $0.span.upperBound <= comment.lowerBound }
            guard values.first.map({ $0.span.lowerBound > comment.lowerBound }) ?? true else { return false }
            let before = locator.bytes[..<comment.lowerBound].last { $0 != 0x20 && $0 != 0x09 }
            return before == nil || before == UInt8(ascii: "\n") || before == 0xBF
        }
    }

    /// The changed text, and what it has to say.
    func carryOut(_ edit: ConfigurationEdit) throws(ConfigurationFault) -> (text: [UInt8], node: Node) {
        var node = node
        let patches: [Patch]
        switch edit {
        case .set(let key, let value):
            guard !key.components.isEmpty, case .key = key.components.last else { throw Self.noKey }
            patches = try set(key, Node(value)) { neighbour throws(ConfigurationFault) in
                try Literal(value, like: neighbour).text
            }
            guard node.put(Node(value), at: key.components[...]) else { throw Self.noPlace }
        case .remove(let key):
            guard node[key] != nil || place(of: key) != nil else { throw Self.notThere }
            patches = try remove(key, from: &node)
        case .append(let key, let value, let note):
            guard case .key = key.components.last else { throw Self.noKey }
            patches = try append(to: key, value, note: try Self.comment(note))
            var count = 0
            if case .list(let elements) = self.node[key] { count = elements.count }
            guard node.put(Node(value), at: key.appending(count).components[...]) else { throw Self.noPlace }
        case .appendSection(let key, let entries):
            guard case .key = key.components.last else { throw Self.noKey }
            patches = try appendSection(key, entries)
            var elements: [Node] = []
            if case .list(let present) = self.node[key] { elements = present }
            let section = entries.map { ($0.name, Node($0.value)) }
            elements.append(.section(Dictionary(section, uniquingKeysWith: { $1 })))
            guard node.put(.list(elements), at: key.components[...]) else { throw Self.noPlace }
        }
        return (applied(patches), node)
    }

    static let noKey = ConfigurationFault("names no key", "name a key by its section and its name")
    static let noPlace = ConfigurationFault("has no place in the file", "add what it is to be in first")
    static let notThere = ConfigurationFault("is not in the file", "there is nothing to remove")

    /// A note as a comment.
    private static func comment(_ note: String?) throws(ConfigurationFault) -> String {
        guard let note, !note.isEmpty else { return "" }
        let isPlain = !note.unicodeScalars.contains(where: \.isUnfitForTerminal)
        guard isPlain, note.utf8.count <= 200 else {
            throw ConfigurationFault(
                "\(note.quotedInMessage) can't be a comment",
                "write at most 200 bytes in one line, without control characters")
        }
        return " # \(note)"
    }

    /// The text with some parts replaced. Of several at one position the first one comes first.
    private func applied(_ patches: [Patch]) -> [UInt8] {
        var text: [UInt8] = []
        var position = 0
        let ordered = patches.enumerated().sorted {
            ($0.element.range.lowerBound, $0.offset) < ($1.element.range.lowerBound, $1.offset)
        }
        for (_, patch) in ordered {
            text += bytes[position..<max(position, patch.range.lowerBound)]
            text += patch.text
            position = max(position, patch.range.upperBound)
        }
        return text + bytes[position...]
    }

    // MARK: What there is

    /// The first place of a key; of several headers of one section there is one at most.
    func place(of key: ConfigurationKey) -> TextPlace? {
        places.first { $0.key == key && $0.kind != .element }
    }

    /// The header of a section: nil where there is none.
    func header(of key: ConfigurationKey) -> Int? {
        places.firstIndex { $0.isHeader && $0.key == key }
    }

    /// The assignments in lines of their own below a header; nil: those before the first one.
    func assignments(below header: Int?) -> [TextPlace] {
        let start = header.map { $0 + 1 } ?? 0
        let end = places[start...].firstIndex { $0.isHeader } ?? places.count
        return places[start..<end].filter {
            if case .assignment(_, nesting: 0) = $0.kind { true } else { false }
        }
    }

    /// Where the section below a header ends.
    func end(below header: Int?) -> Int {
        let start = header.map { $0 + 1 } ?? 0
        return places[start...].first { $0.isHeader }.map { self.start($0.span.lowerBound) } ?? bytes.count
    }

    // MARK: Lines

    /// Where the line begins that a byte stands in.
    func start(_ position: Int) -> Int {
        bytes[..<position].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    }

    /// Where the next line begins.
    func next(_ position: Int) -> Int {
        bytes[position...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.count
    }

    /// Whether there are but spaces and line ends.
    func isBlank(_ range: Range<Int>) -> Bool {
        bytes[range].allSatisfy { Self.blank.contains($0) }
    }

    static let blank = Array(" \t\r\n".utf8)

    /// What is written between these places.
    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// The spaces that the line begins with in which a byte stands.
    func indent(_ position: Int) -> String {
        let start = start(position)
        let end = bytes[start...].firstIndex { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        return text(start..<(end ?? bytes.count))
    }

    /// How lines end, as text.
    var newline: String { String(decoding: lineEnd, as: UTF8.self) }

    /// Adds lines where a line begins, or at the text's end even where its last line has none.
    func insert(_ lines: [String], at position: Int) -> Patch {
        let isOpen = position == bytes.count && position > 0 && bytes[position - 1] != UInt8(ascii: "\n")
        let text = lines.joined(separator: newline)
        return Patch(at: position, isOpen ? newline + text : text + newline)
    }

    /// Removes whole lines. Where the text's last one goes and had no end, the one that is last then has none either.
    func remove(lines: [Range<Int>]) -> [Patch] {
        var ranges = lines.sorted { $0.lowerBound < $1.lowerBound }
        guard let last = ranges.last, last.upperBound == bytes.count, bytes.last != UInt8(ascii: "\n") else {
            return ranges.map { Patch($0) }
        }
        // The lines at the text's end that go are one part.
        var start = last.lowerBound
        while let range = ranges.last, range.upperBound >= start {
            start = min(start, range.lowerBound)
            ranges.removeLast()
        }
        let kept = start > 0 ? start - 1 : start
        let isCarriage = kept > 0 && start > 0 && bytes[kept - 1] == UInt8(ascii: "\r")
        return ranges.map { Patch($0) } + [Patch((isCarriage ? kept - 1 : kept)..<bytes.count)]
    }
}
