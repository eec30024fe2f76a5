// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration

extension TextEditor {
    // MARK: Keys

    /// Gives a key a value.
    ///
    /// - Parameter write: writes the value as one is written that stands in its place or near it.
    func set(
        _ key: ConfigurationKey, _ value: Node,
        _ write: (_ neighbour: String?) throws(ConfigurationFault) -> String
    ) throws(ConfigurationFault) -> [Patch] {
        if let present = node[key], present.isPlain {
            guard let place = place(of: key) else { throw Self.oddForm(key) }
            return present == value ? [] : [Patch(place.value, try write(text(place.value)))]
        }
        guard node[key] == nil, place(of: key) == nil, let section = key.parent,
            case .key(let name) = key.components.last
        else { throw ConfigurationFault("is a section or a list", "name a key in it") }
        let line = try write(nil)
        if section.components.isEmpty { return [add(name, line, below: nil)] }
        if let header = header(of: section) { return [add(name, line, below: header)] }
        try requireNoOddForm(of: section)
        return try [addSection(section, isListed: false, lines: ["\(Literal.key(name)) = \(line)"])]
    }

    /// Adds a line to a section: below the one that has the key as a comment, or below the section's last one.
    private func add(_ name: String, _ value: String, below header: Int?) -> Patch {
        let written = Literal.key(name)
        let last = assignments(below: header).last
        let model = last ?? header.map { places[$0] }
        var separator = " = "
        if let last, text(last.span).dropFirst().contains("="), !isSpaced(last) { separator = "=" }
        let indent = model.map { self.indent($0.span.lowerBound) } ?? ""
        let from = header.map { places[$0].span.upperBound } ?? 0
        let position =
            commentedOut(within: from..<endOfComments(below: header)) { text in
                let rest = text.drop { $0 == " " || $0 == "\t" }
                return rest.hasPrefix(written)
                    && rest.dropFirst(written.count).drop { $0 == " " || $0 == "\t" }.hasPrefix("=")
            } ?? model.map { next($0.span.upperBound) }
        return insert(["\(indent)\(written)\(separator)\(value)"], at: position ?? firstLine)
    }

    /// Where the comments end that are about a section's keys: before one that is the header of another.
    private func endOfComments(below header: Int?) -> Int {
        let (start, end) = (header.map { places[$0].span.upperBound } ?? 0, end(below: header))
        let other = loneComments.first { (start..<end).contains($0.lowerBound) && self.header(in: $0) != nil }
        return other?.lowerBound ?? end
    }

    /// The names in a header that is a comment; nil where it is none.
    private func header(in comment: Range<Int>) -> [String]? {
        let text = text(comment.lowerBound + 1..<comment.upperBound).filter { !" \t\r".contains($0) }
        guard text.hasPrefix("["), text.hasSuffix("]") else { return nil }
        let names = text.drop { $0 == "[" }.reversed().drop { $0 == "]" }.reversed()
        return String(names).split(separator: ".").map(String.init)
    }

    /// Behind a byte order mark.
    private var firstLine: Int { bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0 }

    /// Whether there is a space before the value.
    private func isSpaced(_ place: TextPlace) -> Bool {
        place.value.lowerBound > 0 && bytes[place.value.lowerBound - 1] != UInt8(ascii: "=")
    }

    /// The line below the last comment in a part of the text that satisfies a condition.
    private func commentedOut(within range: Range<Int>, _ condition: (Substring) -> Bool) -> Int? {
        let found = loneComments.last { comment in
            range.contains(comment.lowerBound)
                && condition(text(comment.lowerBound + 1..<comment.upperBound)[...])
        }
        return found.map { next($0.upperBound) }
    }

    // MARK: Sections

    /// Adds a section to a list of them.
    func appendSection(
        _ key: ConfigurationKey, _ entries: [ConfigurationEdit.Entry]
    ) throws(ConfigurationFault) -> [Patch] {
        switch node[key] {
        case nil: try requireNoOddForm(of: key)
        case .list(let elements):
            guard !elements.isEmpty, header(of: key.appending(elements.count - 1)) != nil else {
                throw Self.oddForm(key)
            }
        default: throw ConfigurationFault("is no list of sections", "add to one that is")
        }
        guard !key.components.contains(where: { if case .index = $0 { true } else { false } }) else {
            throw ConfigurationFault("is in a section of a list", "change it by hand")
        }
        var lines: [String] = []
        for entry in entries { lines.append("\(Literal.key(entry.name)) = \(try Literal(entry.value).text)") }
        return try [addSection(key, isListed: true, lines: lines)]
    }

    /// Adds a section below the nearest to it by name, or below a comment that has its header, or at the end.
    func addSection(
        _ key: ConfigurationKey, isListed: Bool, lines: [String]
    ) throws(ConfigurationFault) -> Patch {
        let names = key.components.compactMap { component in
            if case .key(let name) = component { Literal.key(name) } else { nil }
        }
        let joined = names.joined(separator: ".")
        let header = isListed ? "[[\(joined)]]" : "[\(joined)]"
        if names.count == key.components.count, !isListed || node[key] == nil,
            let position = commentedHeader({ $0 == names })
        {
            return insert([header] + lines, at: position)
        }
        guard let position = try neighbour(of: key, names) else {
            return insert([header] + lines, at: firstLine)
        }
        return insert(["", header] + lines, at: position)
    }

    /// Where the section ends whose name is most like this one's; nil in a text without anything.
    private func neighbour(
        of key: ConfigurationKey, _ names: [String]
    ) throws(ConfigurationFault) -> Int? {
        for length in stride(from: key.components.count, to: 0, by: -1) {
            let prefix = Array(key.components.prefix(length))
            if let header = places.lastIndex(where: { $0.isHeader && $0.key.components.starts(with: prefix) })
            {
                return endOfLines(below: header)
            }
            if case .index = prefix.last { throw Self.noPlace }
            guard names.count == key.components.count else { continue }
            if let position = commentedHeader({ $0.starts(with: names.prefix(length)) }) {
                return endOfBlock(position)
            }
        }
        guard let last = bytes.lastIndex(where: { !Self.blank.contains($0) }) else { return nil }
        return last < firstLine ? nil : next(last)
    }

    /// The line below the last comment that is a section's header, where a section may stand.
    private func commentedHeader(_ condition: ([String]) -> Bool) -> Int? {
        let found = loneComments.last { comment in
            guard let names = header(in: comment), condition(names) else { return false }
            return places.first { $0.span.lowerBound > comment.lowerBound }?.isHeader ?? true
        }
        return found.map { next($0.upperBound) }
    }

    /// Below a section's last line, and below comments that hang on to it.
    private func endOfLines(below header: Int) -> Int {
        let last = assignments(below: header).last ?? places[header]
        let position = next(last.span.upperBound)
        let end = endOfBlock(position)
        return end == bytes.count || isBlank(end..<next(end)) ? end : position
    }

    /// Below the lines from here on that are comments.
    private func endOfBlock(_ position: Int) -> Int {
        var position = position
        while let comment = loneComments.first(where: { $0.lowerBound >= position }),
            start(comment.lowerBound) == position
        {
            position = next(comment.upperBound)
        }
        return position
    }

    // MARK: Forms that are not changed

    /// Refuses a section that is written otherwise than below a header.
    private func requireNoOddForm(of section: ConfigurationKey) throws(ConfigurationFault) {
        for place in places {
            guard case .assignment(let parts, _) = place.kind else { continue }
            let own = place.key.components.count - parts
            let isInline = section.components.starts(with: place.key.components)
            let isDotted =
                parts > 1 && section.components.count > own
                && place.key.components.starts(with: section.components)
            if isInline || isDotted { throw Self.oddForm(section) }
        }
    }

    static func oddForm(_ key: ConfigurationKey) -> ConfigurationFault {
        ConfigurationFault(
            "is written as an inline table or with dotted keys, and isn't changed there",
            "write it below a header, as [section], in a line of its own; or change it by hand")
    }
}
