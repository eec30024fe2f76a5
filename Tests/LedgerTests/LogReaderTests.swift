// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import LedgerSupport
import Testing

@testable import Ledger

/// Logs as SQLite writes them.
@Suite struct LogReaderTests {
    private let scratch = Scratch()
    private static let frameSize = 24 + 4096

    private func database() throws -> Connection {
        let connection = try Connection(path: "\(scratch.path)/a", isNew: true)
        for statement in [
            "locking_mode = EXCLUSIVE", "page_size = 4096", "journal_mode = WAL", "cache_size = 10",
        ] {
            try connection.execute("PRAGMA \(statement)")
        }
        try connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
        return connection
    }

    private func insert(_ count: Int, _ connection: Connection) throws {
        try connection.execute(
            "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < \(count)) "
                + "INSERT INTO t (b) SELECT hex(randomblob(400)) FROM c")
    }

    private var log: [UInt8] { scratch.read("a-wal") ?? [] }

    private func reader(_ bytes: [UInt8]) throws -> LogReader {
        scratch.write(bytes, to: "b-wal")
        return LogReader(try #require(StoredFile(path: "\(scratch.path)/b-wal")))
    }

    private func frames(_ reader: LogReader) -> Int { reader.images.values.map(\.count).reduce(0, +) }

    private func written() throws -> [UInt8] {
        let connection = try database()
        defer { connection.close() }
        for _ in 0..<4 { try insert(12, connection) }
        return log
    }

    @Test func `A whole log is read to its end, each page where it lies`() throws {
        let log = try written()
        let reader = try reader(log)
        #expect(!reader.isDamaged)
        #expect(frames(reader) == (log.count - 32) / Self.frameSize && frames(reader) > 15)
        for (page, images) in reader.images {
            #expect(images == images.sorted { $0.offset < $1.offset })
            for image in images {
                #expect(image.isWhole && log.number32(at: image.offset - 24) == page)
            }
        }
    }

    @Test func `A log that ends anywhere is that of the last commit before`() throws {
        let log = try written()
        var ends: [Int] = [0]
        for frame in stride(from: 32, to: log.count, by: Self.frameSize)
        where log.number32(at: frame + 4) != 0 {
            ends.append(frame + Self.frameSize)
        }
        #expect(ends.count == 6 && ends.last == log.count)
        for size in [0, 20, 32, 40]
            + ends.dropFirst().flatMap({ [$0 - 4097, $0 - 1, $0, $0 + 1, $0 + 2000] })
        {
            let reader = try reader(Array(log.prefix(size)))
            let last = ends.last { $0 <= size } ?? 0
            #expect(!reader.isDamaged, "\(size)")
            #expect(frames(reader) == max(0, last - 32) / Self.frameSize, "\(size)")
        }
    }

    @Test func `Of a transaction that wasn't committed nothing is read`() throws {
        let connection = try database()
        try insert(12, connection)
        let before = frames(try reader(log))
        let size = log.count
        try connection.execute("BEGIN")
        try insert(500, connection)
        // More than is kept in memory, so the log has a part of it.
        let long = log
        #expect(long.count > size + 20 * Self.frameSize)
        let reader = try reader(long)
        #expect(frames(reader) == before && !reader.isDamaged)
        #expect(frames(try self.reader(long.dropLast(100) + [])) == before)
    }

    @Test(arguments: [0, 2, 4, 9, 17, 24, 3000])
    func `A frame that isn't what was written is told from all others`(byte: Int) throws {
        var log = try written()
        let frame = 32 + 5 * Self.frameSize
        log[frame + byte] ^= 4
        let reader = try reader(log)
        #expect(reader.isDamaged)
        let wrong = reader.images.values.joined().filter { !$0.isWhole }
        #expect(wrong.contains { $0.offset == frame + 24 })
        // A checksum that is wrong in the frame itself spoils the next one's as well.
        #expect(wrong.count == (byte == 17 ? 2 : 1))
        #expect(frames(reader) == (log.count - 32) / Self.frameSize)
    }

    @Test func `A last frame that no longer says that it ends a transaction is damaged`() throws {
        let connection = try database()
        // The size of the database is in the commit; with one bit alone, that bit can be lost.
        var pages: Int64 = 0
        while !(pages.nonzeroBitCount == 1 && pages >= 8) {
            try insert(1, connection)
            pages = try connection.integer("PRAGMA page_count") ?? 0
        }
        var log = self.log
        let frame = log.count - Self.frameSize
        #expect(Int64(log.number32(at: frame + 4)) == pages)
        log.replaceSubrange(frame + 4..<frame + 8, with: [0, 0, 0, 0])
        #expect(try reader(log).isDamaged)
    }

    @Test(arguments: 0..<32)
    func `A log whose header is damaged is read all the same`(byte: Int) throws {
        var log = try written()
        log[byte] ^= 1
        let reader = try reader(log)
        #expect(reader.isDamaged)
        #expect(frames(reader) == (log.count - 32) / Self.frameSize)
    }

    @Test func `Frames from before a log was begun anew are none of it`() throws {
        let connection = try database()
        for _ in 0..<4 { try insert(12, connection) }
        let long = log.count
        try connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        try insert(1, connection)
        #expect(log.count == long)
        let reader = try reader(log)
        #expect(!reader.isDamaged)
        #expect((1..<8).contains(frames(reader)))
    }
}
