// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What a write-ahead log holds, frame by frame (sqlite.org/fileformat2.html, 4).
///
/// SQLite stops reading a log at the first frame that isn't whole, in silence: a crash leaves such an end. Where a frame
/// in the middle is damaged, everything that was committed behind it would be gone as well. This tells the two apart.
struct LogReader {
    /// Frames of a page, oldest first: where the page's content is in the file, and whether the frame is whole.
    struct Image: Hashable {
        var offset: Int
        var isWhole: Bool
    }

    /// The images of each page, up to the last commit.
    private(set) var images: [UInt32: [Image]] = [:]
    /// Whether frames that belong to a commit aren't what was written.
    private(set) var isDamaged = false

    private static let headerSize = 32
    private static let frameHeaderSize = 24
    private static var frameSize: Int { frameHeaderSize + PageReader.pageSize }

    init(_ log: StoredFile) {
        let header = log.read(Self.headerSize, at: 0)
        guard header.count == Self.headerSize, log.size >= Self.headerSize + Self.frameSize else { return }
        let isBigEndian = header[3] & 1 == 1
        var sum = Checksum(isBigEndian: isBigEndian)
        sum.add(header[..<24])
        let isHeaderWhole =
            header.number32(at: 0) & ~1 == 0x377F_0682 && sum.isStored(in: header, at: 24)
        let salts = (header.number32(at: 16), header.number32(at: 20))
        // A log that is begun anew has other salts, both of them; what lies behind its end is from before.
        var pending: [(UInt32, Image)] = []
        var (offset, hasDamage) = (Self.headerSize, !isHeaderWhole)
        var stored = sum
        if !isHeaderWhole { stored.take(from: header, at: 24) }
        while offset + Self.frameSize <= log.size {
            let frame = log.read(Self.frameSize, at: offset)
            guard frame.count == Self.frameSize,
                frame.number32(at: 8) == salts.0 || frame.number32(at: 12) == salts.1
            else { break }
            let before = stored
            var sum = before
            sum.add(frame[..<8])
            sum.add(frame[Self.frameHeaderSize...])
            let isWhole =
                sum.isStored(in: frame, at: 16) && frame.number32(at: 8) == salts.0
                && frame.number32(at: 12) == salts.1
            if !isWhole { hasDamage = true }
            stored.take(from: frame, at: 16)
            pending.append(
                (
                    frame.number32(at: 0),
                    Image(offset: offset + Self.frameHeaderSize, isWhole: isWhole)
                ))
            if frame.number32(at: 4) != 0 || !isWhole && Self.isCommit(frame, after: before) {
                for (page, image) in pending { images[page, default: []].append(image) }
                pending = []
                isDamaged = isDamaged || hasDamage
            }
            offset += Self.frameSize
        }
    }

    /// Whether a frame that isn't whole would be with one bit more, so that it ended a transaction: nothing behind it
    /// would tell of the damage, were it the last.
    private static func isCommit(_ frame: [UInt8], after before: Checksum) -> Bool {
        (0..<32).contains { bit in
            var frame = frame
            frame[4 + bit / 8] ^= 1 << (bit % 8)
            var sum = before
            sum.add(frame[..<8])
            sum.add(frame[frameHeaderSize...])
            return sum.isStored(in: frame, at: 16)
        }
    }

    /// Fibonacci-weighted sums over pairs of words.
    private struct Checksum {
        var isBigEndian: Bool
        var first: UInt32 = 0
        var second: UInt32 = 0

        init(isBigEndian: Bool) { self.isBigEndian = isBigEndian }

        mutating func add(_ bytes: ArraySlice<UInt8>) {
            bytes.withUnsafeBytes { bytes in
                var offset = 0
                while offset + 8 <= bytes.count {
                    first = first &+ word(bytes, offset) &+ second
                    second = second &+ word(bytes, offset + 4) &+ first
                    offset += 8
                }
            }
        }

        private func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            return isBigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
        }

        func isStored(in bytes: [UInt8], at offset: Int) -> Bool {
            bytes.number32(at: offset) == first && bytes.number32(at: offset + 4) == second
        }

        /// Goes on from what a frame says it has come to.
        mutating func take(from bytes: [UInt8], at offset: Int) {
            (first, second) = (bytes.number32(at: offset), bytes.number32(at: offset + 4))
        }
    }
}
