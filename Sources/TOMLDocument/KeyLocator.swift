// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration

/// Finds the lines that keys stand in. The parser tells lines for what it can't parse only, not for values.
///
/// It relies on the parser to refuse what is no TOML: for such a text it ends, but what it finds has no meaning.
struct KeyLocator {
    /// The line of the first mention of each section, key and element of a list, counted from 1.
    private(set) var lines: [ConfigurationKey: Int] = [:]
    /// The first line with an escape that means the character NUL.
    var escapedNUL: Int?
    /// The key with the most parts in one place.
    private(set) var deepestKey = (depth: 0, line: 1)

    /// The first place at which the parser would end the process rather than refuse the text: it asserts what it
    /// hasn't checked. No TOML has such a place.
    private(set) var unparsable: (line: Int, fault: ConfigurationFault)?

    /// Where sections, assignments and elements of lists stand, in the order of the text.
    private(set) var places: [TextPlace] = []
    /// Where comments stand, from the `#` to the line's end.
    private(set) var comments: [Range<Int>] = []

    /// How many tables each array of tables has by now.
    private var tableCounts: [ConfigurationKey: Int] = [:]

    let bytes: [UInt8]
    var position = 0
    var line = 1

    /// Deeper than this nothing is noted: no known key has so many parts.
    private static let maximumDepth = 16
    /// No list may have more elements; those beyond go by the list's line.
    private static let maximumElements = 1 << 14
    /// Lists and inline tables within each other; the parser refuses more than 256.
    private static let maximumNesting = 300

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if bytes.starts(with: mark) { position = mark.count }
        var section = ConfigurationKey()
        while skipBlank() {
            if current == UInt8(ascii: "[") {
                section = header()
            } else {
                // Where nothing could be read, the text is no TOML.
                assignment(in: section, nesting: 0)
            }
            skipSpace()
            if current == UInt8(ascii: "#") { comment() }
            skipLine()
        }
    }

    /// The line of a key, or of the nearest section or list around it that the text mentions.
    func line(of key: ConfigurationKey) -> Int? {
        var key = key
        while let parent = key.parent {
            if let line = lines[key] { return line }
            key = parent
        }
        return nil
    }

    // MARK: Sections, keys and values

    /// `[section]` or `[[section]]`; returns the key.
    private mutating func header() -> ConfigurationKey {
        let start = position
        position += 1
        let isArray = take("[")
        requireName()
        let key = isArray ? nextTable(key()) : note(key(), in: ConfigurationKey())
        if take("]"), isArray { _ = take("]") }
        places.append(
            TextPlace(
                kind: isArray ? .listedSection : .section, key: key, span: start..<position,
                value: position..<position))
        return key
    }

    /// Notes a key and all it implies; returns it.
    private mutating func note(_ key: some Collection<String>, in section: ConfigurationKey)
        -> ConfigurationKey
    {
        if key.count > deepestKey.depth { deepestKey = (key.count, line) }
        var noted = section
        for part in key where noted.components.count < Self.maximumDepth {
            noted = noted.appending(part)
            noteFirst(noted)
            // What is named within an array of tables is within its last table.
            if let count = tableCounts[noted] { noted = noted.appending(count - 1) }
        }
        return noted
    }

    /// Notes one more table of an array; returns it.
    private mutating func nextTable(_ key: [String]) -> ConfigurationKey {
        let outer = note(key.dropLast(), in: ConfigurationKey())
        guard let last = key.last, outer.components.count < Self.maximumDepth else { return outer }
        if key.count > deepestKey.depth { deepestKey = (key.count, line) }
        let array = outer.appending(last)
        noteFirst(array)
        let count = tableCounts[array, default: 0]
        // Those beyond go by the line of the last.
        guard count < Self.maximumElements else { return array.appending(count - 1) }
        tableCounts[array] = count + 1
        noteFirst(array.appending(count))
        return array.appending(count)
    }

    private mutating func noteFirst(_ key: ConfigurationKey) {
        if lines[key] == nil { lines[key] = line }
    }

    /// `key = value`.
    private mutating func assignment(in section: ConfigurationKey, nesting: Int) {
        let start = position
        let parts = key()
        let key = note(parts, in: section)
        skipSpace()
        guard take("=") else { return }
        let place = places.count
        places.append(
            TextPlace(
                kind: .assignment(parts: parts.count, nesting: nesting), key: key, span: start..<position,
                value: position..<position))
        places[place].value = value(of: key, nesting: nesting)
        places[place].span = start..<places[place].value.upperBound
    }

    /// - Returns: where it stands.
    private mutating func value(of key: ConfigurationKey, nesting: Int) -> Range<Int> {
        skipSpace()
        let start = position
        guard nesting < Self.maximumNesting, let byte = current else {
            skipLine()
            return start..<position
        }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): _ = string()
        case UInt8(ascii: "["): list(key, nesting: nesting)
        case UInt8(ascii: "{"): inlineTable(key, nesting: nesting)
        default:
            if byte >= 0x80 {
                refuse(
                    "has a value that begins with a character which TOML knows in strings alone",
                    "put text in quotes; what looks like a blank may be another than space or tab")
            }
            requireTimeBehindDate()
            skip { !Self.endsValue($0) }
        }
        let blank = [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r")]
        let text = bytes[start..<position]
        return start..<(text.lastIndex { !blank.contains($0) }.map { $0 + 1 } ?? start)
    }

    private mutating func list(_ key: ConfigurationKey, nesting: Int) {
        position += 1
        var index = 0
        while skipBlank(), !take("]") {
            if current == UInt8(ascii: "}") {
                refuse("has a list that ends with }", "close it with ], as addresses = [\"192.0.2.1\"]")
            }
            let start = position
            let isNoted = key.components.count < Self.maximumDepth && index < Self.maximumElements
            let element = isNoted ? key.appending(index) : key
            noteFirst(element)
            let place = places.count
            places.append(
                TextPlace(kind: .element, key: element, span: start..<start, value: start..<start))
            places[place].value = value(of: element, nesting: nesting + 1)
            places[place].span = places[place].value
            index += 1
            _ = skipBlank()
            if take(",") { places[place].comma = position - 1 }
            if position == start { return }
        }
    }

    private mutating func inlineTable(_ key: ConfigurationKey, nesting: Int) {
        position += 1
        while skipBlank(), !take("}") {
            let start = position
            assignment(in: key, nesting: nesting + 1)
            _ = skipBlank()
            _ = take(",")
            if position == start { return }
        }
    }

    /// A key with all its parts, bare or quoted.
    private mutating func key() -> [String] {
        var parts: [String] = []
        repeat {
            skipSpace()
            if current == UInt8(ascii: "\"") || current == UInt8(ascii: "'") {
                parts.append(string())
            } else {
                let start = position
                skip { !Self.endsBareKey($0) }
                if position > start { parts.append(String(decoding: bytes[start..<position], as: UTF8.self)) }
            }
            skipSpace()
        } while take(".")
        return parts
    }

    // MARK: What the parser can't take

    private mutating func refuse(_ fault: String, _ remedy: String) {
        if unparsable == nil { unparsable = (line, ConfigurationFault(fault, remedy)) }
    }

    /// Something that can be a name stands between the brackets.
    private mutating func requireName() {
        skipSpace()
        guard let byte = current else { return }
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "\""),
            UInt8(ascii: "'"), UInt8(ascii: "]"):
            break
        default: refuse("has brackets without a name in them", "write [section] in a line of its own")
        }
    }

    /// Where a date is followed by a T, or what begins like one by a digit behind a space, that begins a time.
    private mutating func requireTimeBehindDate() {
        let pattern = Array("0000-00-00".unicodeScalars)
        // The parser looks at so many characters of a value at most, and not at underscores.
        let window = String(decoding: bytes[position...].prefix(1024), as: UTF8.self).unicodeScalars
        let text = Array(window.filter { $0 != "_" }.prefix(256))
        guard text.count > pattern.count, Self.isDigit(text[0]), text[4] == "-", text[7] == "-",
            !text.prefix(pattern.count).contains(where: { $0.properties.isWhitespace || Self.endsValue($0) })
        else { return }
        let isDate = zip(text, pattern).allSatisfy { $1 == "-" || Self.isDigit($0) }
        let digits = text.dropFirst(pattern.count + 1).prefix(2).prefix(while: Self.isDigit).count
        let isMalformed =
            switch text[pattern.count] {
            case "T", "t": isDate && digits < 2
            case " ": digits == 1
            default: false
            }
        if isMalformed { refuse("has a date without its time", "write both, as 2027-01-01T00:00:00Z") }
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    // MARK: Bytes

    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Goes past the byte if it is there.
    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    mutating func skip(while condition: (UInt8) -> Bool) {
        while let byte = current, condition(byte) { position += 1 }
    }

    private mutating func skipSpace() {
        skip { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }

    private mutating func skipLine() {
        skip { $0 != UInt8(ascii: "\n") }
    }

    private mutating func comment() {
        let start = position
        skipLine()
        comments.append(start..<position)
    }

    /// Goes to the next byte that is neither space nor comment. Returns whether there is one.
    private mutating func skipBlank() -> Bool {
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\n"): line += 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
            case UInt8(ascii: "#"):
                comment()
                continue
            default: return true
            }
            position += 1
        }
        return false
    }

    private static func endsValue(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: "#"), UInt8(ascii: "\n"):
            true
        default: false
        }
    }

    private static func endsValue(_ scalar: Unicode.Scalar) -> Bool {
        UInt8(exactly: scalar.value).map { endsValue($0) } ?? false
    }

    private static func endsBareKey(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "="), UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\""),
            UInt8(ascii: "'"), UInt8(ascii: "{"):
            true
        default: endsValue(byte)
        }
    }
}
