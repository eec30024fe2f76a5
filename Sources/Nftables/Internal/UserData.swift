// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

/// nft's own notes on kernel objects: a type, a length and a value, each length in one byte
/// (libnftnl/udata.h). The kernel stores them unread.
enum UserData {
    /// Calls `body` with a comment as nft stores it, cut to ``ElementCoding/maximumComment`` bytes.
    static func withComment(_ comment: String, type: UInt8, _ body: (UnsafeRawBufferPointer) -> Void) {
        var comment = comment
        comment.withUTF8 { text in
            var length = min(text.firstIndex(of: 0) ?? text.count, ElementCoding.maximumComment)
            // Not in the middle of a character: what follows the cut must not continue one.
            while length > 0, length < text.count, text[length] & 0xC0 == 0x80 { length -= 1 }
            withUnsafeTemporaryAllocation(byteCount: length + 3, alignment: 1) { note in
                note[0] = type
                note[1] = UInt8(length + 1)
                UnsafeMutableRawBufferPointer(rebasing: note[2...]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[..<length]))
                note[2 + length] = 0
                body(UnsafeRawBufferPointer(note))
            }
        }
    }

    /// The comment among the notes; nil where there is none.
    static func comment(in notes: UnsafeRawBufferPointer, type: UInt8) -> String? {
        var rest = notes[...]
        while rest.count >= 2 {
            let noteType = rest[rest.startIndex]
            let length = Int(rest[rest.startIndex + 1])
            let value = rest.dropFirst(2).prefix(length)
            if noteType == type { return String(decoding: value.prefix { $0 != 0 }, as: UTF8.self) }
            rest = rest.dropFirst(2 + length)
        }
        return nil
    }
}
