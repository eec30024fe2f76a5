// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials
internal import NIOCore

/// The frame is longer than ``FrameBuffer/limit``.
struct FrameTooLong: Error, Equatable {}

/// Bytes as they come from a stream on one side, whole frames on the other: a frame ends with a NUL byte
/// (https://varlink.org/Wire-Protocol).
///
/// A frame longer than the limit is refused as soon as that is known, so what is held never grows beyond the
/// limit plus one read.
struct FrameBuffer {
    /// The longest frame in bytes, without its NUL.
    let limit: Int
    private var bytes = ByteBuffer()
    /// How many of the readable bytes are known to hold no NUL, so that none is looked at twice.
    private var scanned = 0

    /// What is kept allocated between frames.
    private static let retained = 64 << 10

    init(limit: Int) {
        self.limit = limit
    }

    /// How many bytes are held.
    var count: Int { bytes.readableBytes }

    /// Whether all that is held is known to be the beginning of one frame, or nothing.
    var isPartial: Bool { scanned == bytes.readableBytes }

    mutating func append(_ more: ByteBuffer) {
        if bytes.readableBytes == 0 {
            if bytes.capacity > Self.retained { bytes = ByteBuffer() } else { bytes.clear() }
        } else {
            bytes.discardReadBytes()
        }
        bytes.writeImmutableBuffer(more)
    }

    /// Whether a whole frame is held.
    mutating func holdsFrame() throws(FrameTooLong) -> Bool {
        let view = bytes.readableBytesView
        if let end = view[(view.startIndex + scanned)...].firstIndex(of: 0) {
            scanned = end - view.startIndex
            return true
        }
        scanned = view.count
        guard scanned <= limit else { throw FrameTooLong() }
        return false
    }

    /// Takes the next whole frame without its NUL, nil where there is none yet.
    mutating func next() throws(FrameTooLong) -> Data? {
        guard try holdsFrame() else { return nil }
        let length = scanned
        guard length <= limit else { throw FrameTooLong() }
        let frame = bytes.readableBytesView.prefix(length).withUnsafeBytes { Data($0) }
        bytes.moveReaderIndex(forwardBy: length + 1)
        scanned = 0
        return frame
    }
}
