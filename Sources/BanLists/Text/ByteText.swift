// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension UInt8 {
    var isDigit: Bool { 0x30...0x39 ~= self }
    /// A space, a tab or a carriage return, of files that were written elsewhere.
    var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0D }
}

extension Span<UInt8> {
    /// The text of a range, with U+FFFD where it is no UTF-8.
    func string(_ range: Range<Int>) -> String {
        extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    /// The range without blanks at its ends.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, self[start].isBlank { start += 1 }
        while start < end, self[end - 1].isBlank { end -= 1 }
        return start..<end
    }

    /// Where a byte stands first in a range; nil where it doesn't.
    func first(_ byte: UInt8, in range: Range<Int>) -> Int? {
        var index = range.lowerBound
        while index < range.upperBound {
            if self[index] == byte { return index }
            index += 1
        }
        return nil
    }

    /// A whole number in a range, digits with a minus sign at most; nil where it is none or too large.
    func integer(_ range: Range<Int>) -> Int64? {
        var index = range.lowerBound
        let isNegative = index < range.upperBound && self[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        guard index < range.upperBound else { return nil }
        var value: Int64 = 0
        while index < range.upperBound {
            guard self[index].isDigit else { return nil }
            let (product, overflows) = value.multipliedReportingOverflow(by: 10)
            let (difference, exceeds) = product.subtractingReportingOverflow(Int64(self[index] & 15))
            guard !overflows, !exceeds else { return nil }
            value = difference
            index += 1
        }
        // Counted downwards, for there is one more negative number than positive ones.
        guard !isNegative else { return value }
        return value == .min ? nil : -value
    }

    /// Calls `body` with each line's number, from 1, and its range without blanks at its ends. A byte order mark at the
    /// beginning belongs to no line.
    func forEachLine(_ body: (_ number: Int, _ range: Range<Int>) -> Void) {
        var start = beginning
        var number = 1
        while start < count {
            let end = first(UInt8(ascii: "\n"), in: start..<count) ?? count
            body(number, trimmed(start..<end))
            start = end + 1
            number += 1
        }
    }

    /// Behind a byte order mark (EF BB BF), where there is one.
    var beginning: Int {
        count >= 3 && self[0] == 0xEF && self[1] == 0xBB && self[2] == 0xBF ? 3 : 0
    }
}
