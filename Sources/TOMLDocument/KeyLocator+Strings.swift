// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension KeyLocator {
    /// A string of any of the four kinds; returns what it says.
    mutating func string() -> String {
        let quote = bytes[position]
        let isMultiline = bytes[position...].starts(with: [quote, quote, quote])
        position += isMultiline ? 3 : 1
        var text: [UInt8] = []
        while let byte = current {
            if byte == quote, !isMultiline || bytes[position...].starts(with: [quote, quote, quote]) {
                position += isMultiline ? 3 : 1
                // The closing quotes may follow upon one or two that belong to the text.
                if isMultiline { skip { $0 == quote } }
                break
            }
            position += 1
            if byte == UInt8(ascii: "\n") {
                line += 1
                if !isMultiline { break }
            }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                text += escape()
            } else {
                text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// What follows a backslash.
    mutating func escape() -> [UInt8] {
        guard let byte = current else { return [] }
        // A line that ends in a backslash goes on in the next; the caller counts it.
        guard byte != UInt8(ascii: "\n") else { return [] }
        position += 1
        switch byte {
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "e"): return [0x1B]
        case UInt8(ascii: "u"): return scalar(digits: 4)
        case UInt8(ascii: "U"): return scalar(digits: 8)
        case UInt8(ascii: "x"): return scalar(digits: 2)
        default: return [byte]
        }
    }

    mutating func scalar(digits: Int) -> [UInt8] {
        let text = String(decoding: bytes[position...].prefix(digits), as: UTF8.self)
        // The text may end within the digits.
        guard text.utf8.count == digits, let value = UInt32(text, radix: 16),
            let scalar = Unicode.Scalar(value)
        else { return [] }
        position += digits
        if value == 0, escapedNUL == nil { escapedNUL = line }
        return Array(String(scalar).utf8)
    }
}
