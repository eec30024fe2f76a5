// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Reads the rows of a page that is a table's leaf, without SQLite: where the tree above it is damaged, SQLite finds no
/// way to it (sqlite.org/fileformat2.html, 1.6 and 2.1). Everything may be wrong in it; what can't be is left out.
enum PageReader {
    /// SQLite's default, in bytes. The ledger's rows are shorter, so that each lies in one page.
    static let pageSize = 4096

    private static let leaf: UInt8 = 0x0D

    /// The rows that are whole, each with the table that it is of.
    static func rows(of page: [UInt8], isFirst: Bool) -> [(table: LedgerTable, row: Row)] {
        let header = isFirst ? 100 : 0
        guard page.count == pageSize, page[header] == leaf else { return [] }
        let count = page.number16(at: header + 3)
        return (0..<count).compactMap { index in
            let pointer = header + 8 + 2 * index
            guard pointer + 2 <= pageSize else { return nil }
            return row(page, at: page.number16(at: pointer))
        }
    }

    private static func row(_ page: [UInt8], at offset: Int) -> (table: LedgerTable, row: Row)? {
        var cursor = Cursor(page, at: offset)
        guard let size = cursor.variable(), size <= pageSize - 35, let key = cursor.variable(),
            let body = cursor.part(Int(size)), let values = values(body)
        else { return nil }
        // The key is stored beside the record, where NULL stands for it.
        let stored = [.integer(key)] + values.dropFirst()
        for table in LedgerTable.all {
            if let row = Row(stored: stored, of: table) { return (table, row) }
        }
        return nil
    }

    /// A record: a header with each column's type, then their contents.
    private static func values(_ record: Cursor) -> [Value]? {
        var types = record
        let start = record.offset
        guard let size = types.variable(), size >= 1 else { return nil }
        var contents = record
        guard contents.part(Int(clamping: size)) != nil else { return nil }
        let end = start + Int(size)
        var values: [Value] = []
        while types.offset < end {
            guard let type = types.variable(), let value = contents.value(type) else { return nil }
            values.append(value)
        }
        return values
    }

    private struct Cursor {
        private let page: [UInt8]
        private(set) var offset: Int
        private var end: Int

        init(_ page: [UInt8], at offset: Int) {
            (self.page, self.offset, end) = (page, min(offset, page.count), page.count)
        }

        /// The next bytes as something to read of its own.
        mutating func part(_ count: Int) -> Cursor? {
            guard count >= 0, count <= end - offset else { return nil }
            var part = self
            offset += count
            part.end = offset
            return part
        }

        /// A number of one to nine bytes.
        mutating func variable() -> Int64? {
            var number: UInt64 = 0
            for index in 0..<9 {
                guard offset < end else { return nil }
                let byte = page[offset]
                offset += 1
                if index == 8 {
                    return Int64(bitPattern: number << 8 | UInt64(byte))
                }
                number = number << 7 | UInt64(byte & 0x7F)
                if byte & 0x80 == 0 { return Int64(bitPattern: number) }
            }
            return nil
        }

        /// The next value, of a serial type.
        mutating func value(_ type: Int64) -> Value? {
            switch type {
            case 0: return .null
            case 1...6: return integer([1, 2, 3, 4, 6, 8][Int(type) - 1])
            case 8: return .integer(0)
            case 9: return .integer(1)
            case let type where type >= 13 && type % 2 == 1:
                guard let text = part(Int((type - 13) / 2)) else { return nil }
                return .text(String(decoding: page[text.offset..<text.end], as: UTF8.self))
            default: return nil
            }
        }

        private mutating func integer(_ count: Int) -> Value? {
            guard let part = part(count) else { return nil }
            var number: Int64 = page[part.offset] >= 0x80 ? -1 : 0
            for byte in page[part.offset..<part.end] { number = number << 8 | Int64(byte) }
            return .integer(number)
        }
    }
}
