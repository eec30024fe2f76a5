// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText

/// Reads JSON (RFC 8259), and says on which line it is wrong. Python's `repr` of lists, dictionaries and strings is
/// read as well: quotation marks may be single ones, and words are None, True and False.
struct JSONReader {
    private var index: Int
    private let end: Int
    private var line: Int

    /// Deeper than any list is nested; the reader's own stack is limited.
    private static var deepest: Int { 32 }

    private init(_ range: Range<Int>, line: Int) {
        index = range.lowerBound
        end = range.upperBound
        self.line = line
    }

    /// Reads the one value that a text is.
    static func document(_ text: Span<UInt8>) throws(BanListError) -> JSONNode {
        try one(text, text.beginning..<text.count, line: 1)
    }

    /// Reads the one value that stands on a line.
    static func one(_ text: Span<UInt8>, _ range: Range<Int>, line: Int) throws(BanListError) -> JSONNode {
        var reader = JSONReader(range, line: line)
        let node = try reader.value(text, depth: 0)
        reader.skipBlanks(text)
        guard reader.index == reader.end else {
            throw reader.fault("something behind the end of the JSON", text)
        }
        return node
    }

    /// Reads the value that a text begins with.
    ///
    /// - Returns: the value, and whether there is nothing behind it.
    static func first(_ text: Span<UInt8>) throws(BanListError) -> (node: JSONNode, isAll: Bool) {
        var reader = JSONReader(text.beginning..<text.count, line: 1)
        let node = try reader.value(text, depth: 0)
        reader.skipBlanks(text)
        return (node, reader.index == reader.end)
    }

    private func fault(_ problem: String, _ text: Span<UInt8>) -> BanListError {
        guard index < end else {
            return BanListError(
                line: line, "the JSON ends in the middle",
                remedy: "the file is cut off: write or fetch it again; nothing of it was taken")
        }
        let rest = text.string(index..<min(end, index + 20)).prefix { $0 != "\n" }
        return BanListError(
            line: line, "\(problem), at \"\(String(rest).excerpt)\"",
            remedy: "have the program write it again, or mend that line; nothing of it was taken")
    }

    private mutating func skipBlanks(_ text: Span<UInt8>) {
        while index < end {
            if text[index] == UInt8(ascii: "\n") { line += 1 } else if !text[index].isBlank { return }
            index += 1
        }
    }

    /// Goes on where a byte stands that is expected.
    private mutating func takes(_ byte: UInt8, _ text: Span<UInt8>) -> Bool {
        guard index < end, text[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func value(_ text: Span<UInt8>, depth: Int) throws(BanListError) -> JSONNode {
        skipBlanks(text)
        guard depth <= Self.deepest else { throw fault("nested too deeply", text) }
        guard index < end else { throw fault("", text) }
        let start = line
        let value: JSONNode.Value =
            switch text[index] {
            case UInt8(ascii: "{"): try object(text, depth)
            case UInt8(ascii: "["): try array(text, depth)
            case UInt8(ascii: "\""), UInt8(ascii: "'"): .string(try string(text))
            case UInt8(ascii: "-"), 0x30...0x39: try number(text)
            default: try word(text)
            }
        return JSONNode(value: value, line: start)
    }

    private mutating func object(_ text: Span<UInt8>, _ depth: Int) throws(BanListError) -> JSONNode.Value {
        index += 1
        var members: [JSONNode.Member] = []
        skipBlanks(text)
        if takes(UInt8(ascii: "}"), text) { return .object(members) }
        while true {
            skipBlanks(text)
            guard index < end, text[index] == UInt8(ascii: "\"") || text[index] == UInt8(ascii: "'") else {
                throw fault("no name of a member", text)
            }
            let key = try string(text)
            skipBlanks(text)
            guard takes(UInt8(ascii: ":"), text) else { throw fault("no colon behind a name", text) }
            members.append(.init(key: key, node: try value(text, depth: depth + 1)))
            skipBlanks(text)
            if takes(UInt8(ascii: "}"), text) { return .object(members) }
            guard takes(UInt8(ascii: ","), text) else { throw fault("no comma between members", text) }
        }
    }

    private mutating func array(_ text: Span<UInt8>, _ depth: Int) throws(BanListError) -> JSONNode.Value {
        index += 1
        var nodes: [JSONNode] = []
        skipBlanks(text)
        if takes(UInt8(ascii: "]"), text) { return .array(nodes) }
        while true {
            nodes.append(try value(text, depth: depth + 1))
            skipBlanks(text)
            if takes(UInt8(ascii: "]"), text) { return .array(nodes) }
            guard takes(UInt8(ascii: ","), text) else { throw fault("no comma between values", text) }
        }
    }

    private mutating func number(_ text: Span<UInt8>) throws(BanListError) -> JSONNode.Value {
        let start = index
        while index < end, Self.isOfNumber(text[index]) { index += 1 }
        if let number = text.integer(start..<index) { return .integer(number) }
        guard Double(text.string(start..<index)) != nil else {
            index = start
            throw fault("no number", text)
        }
        return .number
    }

    private static func isOfNumber(_ byte: UInt8) -> Bool {
        byte.isDigit || "+-.eE".utf8.contains(byte)
    }

    private mutating func word(_ text: Span<UInt8>) throws(BanListError) -> JSONNode.Value {
        let start = index
        while index < end, index - start < 6, "A"..."z" ~= Character(Unicode.Scalar(text[index])) {
            index += 1
        }
        switch text.string(start..<index) {
        case "null", "None": return .null
        case "true", "True": return .bool(true)
        case "false", "False": return .bool(false)
        default:
            index = start
            throw fault("no JSON", text)
        }
    }

    /// A string in quotation marks, double or single; the reader stands at the first.
    private mutating func string(_ text: Span<UInt8>) throws(BanListError) -> String {
        let mark = text[index]
        index += 1
        let start = index
        while index < end, text[index] != mark, text[index] != UInt8(ascii: "\\"),
            text[index] != UInt8(ascii: "\n")
        {
            index += 1
        }
        // Most strings have no escapes, and are taken as they stand.
        if index < end, text[index] == mark {
            defer { index += 1 }
            return text.string(start..<index)
        }
        var bytes: [UInt8] = []
        for byte in start..<index { bytes.append(text[byte]) }
        while index < end, text[index] != mark {
            guard text[index] != UInt8(ascii: "\n") else { throw fault("a string that ends nowhere", text) }
            if takes(UInt8(ascii: "\\"), text) {
                bytes.append(contentsOf: String(try escaped(text)).utf8)
            } else {
                bytes.append(text[index])
                index += 1
            }
        }
        guard takes(mark, text) else { throw fault("a string that ends nowhere", text) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What an escape stands for; the reader stands behind the backslash.
    private mutating func escaped(_ text: Span<UInt8>) throws(BanListError) -> Unicode.Scalar {
        guard index < end else { throw fault("", text) }
        let letter = text[index]
        index += 1
        switch letter {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "x"): return Unicode.Scalar(try digits(2, text)) ?? "\u{FFFD}"
        case UInt8(ascii: "u"): return try unit(text)
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "/"):
            return Unicode.Scalar(letter)
        default:
            index -= 1
            throw fault("an escape that JSON doesn't know", text)
        }
    }

    /// A UTF-16 unit, or two of them; U+FFFD for half a pair.
    private mutating func unit(_ text: Span<UInt8>) throws(BanListError) -> Unicode.Scalar {
        let high = try digits(4, text)
        guard 0xD800...0xDBFF ~= high, index + 1 < end, text[index] == UInt8(ascii: "\\"),
            text[index + 1] == UInt8(ascii: "u")
        else { return Unicode.Scalar(high) ?? "\u{FFFD}" }
        index += 2
        let low = try digits(4, text)
        guard 0xDC00...0xDFFF ~= low else { return "\u{FFFD}" }
        return Unicode.Scalar(0x10000 + (high & 0x3FF) << 10 + (low & 0x3FF)) ?? "\u{FFFD}"
    }

    private mutating func digits(_ count: Int, _ text: Span<UInt8>) throws(BanListError) -> UInt32 {
        guard end - index >= count, let number = UInt32(text.string(index..<index + count), radix: 16) else {
            throw fault("no hexadecimal digits", text)
        }
        index += count
        return number
    }
}
