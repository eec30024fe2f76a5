// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Makes keys of the bytes that a terminal sends, in whatever pieces they come (ECMA-48; ctlseqs of xterm).
struct KeyDecoder: Sendable {
    private var pending: [UInt8] = []
    private var paste: [UInt8]?

    /// What is pasted beyond this is dropped: nothing here takes more.
    private static var mostPasted: Int { 4096 }
    /// No sequence that means something is longer.
    private static var longestSequence: Int { 32 }
    private static var escape: UInt8 { 0x1B }
    private static let pasteEnd = Array("\u{1B}[201~".utf8)

    /// Whether something has begun whose end hasn't come: an escape sequence, or the Escape key alone.
    var isWaiting: Bool { !pending.isEmpty && paste == nil }

    /// The keys that are complete with these bytes.
    mutating func take(_ bytes: some Sequence<UInt8>) -> [Key] {
        pending += bytes
        var keys: [Key] = []
        while true {
            if paste != nil {
                guard let key = takePaste() else { return keys }
                keys.append(key)
            } else {
                guard let (key, length) = next(isLast: false) else { return keys }
                pending.removeFirst(length)
                if let key { keys.append(key) }
            }
        }
    }

    /// Nothing more has come for a while: what has begun is what it is, an escape the Escape key.
    mutating func flush() -> [Key] {
        var keys: [Key] = []
        while paste == nil, let (key, length) = next(isLast: true) {
            pending.removeFirst(length)
            if let key { keys.append(key) }
        }
        return keys
    }

    /// The key at the beginning of what is pending, and its length; nil as key for what means nothing. nil where it
    /// isn't complete.
    private mutating func next(isLast: Bool) -> (Key?, length: Int)? {
        guard let first = pending.first else { return nil }
        switch first {
        case Self.escape: return escapeSequence(isLast: isLast)
        case 0x0D, 0x0A: return (.enter, 1)
        case 0x09: return (.tab, 1)
        case 0x7F, 0x08: return (.backspace, 1)
        case 0x01...0x1A:
            return (.control(Character(Unicode.Scalar(first + 0x60))), 1)
        case 0x20...0x7E: return (.character(Character(Unicode.Scalar(first))), 1)
        case 0xC2...0xF4: return character(first, isLast: isLast)
        default: return (nil, 1)
        }
    }

    /// A character of several bytes, in UTF-8.
    private func character(_ first: UInt8, isLast: Bool) -> (Key?, length: Int)? {
        let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        let tail = pending.prefix(length).dropFirst()
        guard tail.allSatisfy({ (0x80...0xBF).contains($0) }) else { return (nil, 1) }
        guard pending.count >= length else { return isLast ? (nil, pending.count) : nil }
        guard let text = String(validating: pending.prefix(length), as: UTF8.self),
            let character = text.first
        else { return (nil, length) }
        return (.character(character), length)
    }

    private mutating func escapeSequence(isLast: Bool) -> (Key?, length: Int)? {
        guard pending.count > 1 else { return isLast ? (.escape, 1) : nil }
        switch pending[1] {
        case UInt8(ascii: "["): return controlSequence(isLast: isLast)
        case UInt8(ascii: "O"):
            guard pending.count > 2 else { return isLast ? (.escape, 1) : nil }
            return (Self.named(final: pending[2]), 3)
        // The Escape key, and another behind it.
        default: return (.escape, 1)
        }
    }

    /// `ESC [`, parameters, a final byte.
    private mutating func controlSequence(isLast: Bool) -> (Key?, length: Int)? {
        let body = pending.dropFirst(2)
        guard let end = body.firstIndex(where: { !(0x20...0x3F).contains($0) }) else {
            // It is cut off, or no terminal sends such a thing.
            let isHopeless = isLast || pending.count > Self.longestSequence
            return isHopeless ? (isLast && pending.count == 2 ? .escape : nil, pending.count) : nil
        }
        guard (0x40...0x7E).contains(pending[end]) else {
            // Not a final byte: what stands there begins something else.
            return (nil, end)
        }
        let parameters = body[..<end]
        if parameters.elementsEqual("200".utf8), pending[end] == UInt8(ascii: "~") {
            paste = []
            return (nil, end + 1)
        }
        if pending[end] == UInt8(ascii: "~") {
            let number = parameters.prefix { $0 != UInt8(ascii: ";") }
            return (Self.numbered(String(decoding: number, as: UTF8.self)), end + 1)
        }
        return (Self.named(final: pending[end]), end + 1)
    }

    private static func named(final byte: UInt8) -> Key? {
        switch Character(Unicode.Scalar(byte)) {
        case "A": .up
        case "B": .down
        case "C": .right
        case "D": .left
        case "H": .home
        case "F": .end
        case "M": .enter
        default: nil
        }
    }

    private static func numbered(_ number: String) -> Key? {
        switch number {
        case "1", "7": .home
        case "4", "8": .end
        case "3": .delete
        case "5": .pageUp
        case "6": .pageDown
        default: nil
        }
    }

    /// Goes on with what is pasted; the key when its end has come.
    private mutating func takePaste() -> Key? {
        guard var pasted = paste else { return nil }
        let end = pending.indices.first { pending[$0...].starts(with: Self.pasteEnd) }
        // The end may have come in part.
        let taken = end ?? max(0, pending.count - Self.pasteEnd.count + 1)
        pasted += pending[..<taken].prefix(max(0, Self.mostPasted - pasted.count))
        pending.removeFirst(taken)
        guard end != nil else {
            paste = pasted
            return nil
        }
        pending.removeFirst(Self.pasteEnd.count)
        paste = nil
        return .pasted(String(decoding: pasted, as: UTF8.self))
    }
}
