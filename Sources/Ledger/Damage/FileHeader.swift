// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// The beginning of a ledger's file, as far as it is always the same (sqlite.org/fileformat2.html, 1.3).
///
/// Where it isn't, SQLite takes the file for empty, for read-only or for none of its own, and says that rather than
/// "damaged"; of an empty one it deletes the log.
enum FileHeader {
    static func isWhole(_ file: StoredFile) -> Bool {
        let header = file.read(100, at: 0)
        guard header.count == 100 else { return false }
        return header[..<24].elementsEqual(beginning) && header[44..<60].elementsEqual(formats)
            && header[64..<68].allSatisfy { $0 == 0 } && header[72..<92].allSatisfy { $0 == 0 }
    }

    /// Pages of 4096 bytes, read and written by way of a log, nothing reserved in them, and the fractions that are fixed.
    private static let beginning: [UInt8] =
        Array("SQLite format 3\0".utf8) + [UInt8(PageReader.pageSize >> 8), 0, 2, 2, 0, 64, 32, 32]
    /// The schema's format, no size of a cache, no vacuuming, UTF-8.
    private static let formats: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
}
