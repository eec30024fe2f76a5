// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import NIOCore
import Testing

@testable import Varlink

@Suite struct FrameBufferTests {
    @Test func `A frame without end is given up before more than one read beyond the limit is held`() {
        let limit = 1 << 20
        let read = ByteBuffer(repeating: 1, count: 64 << 10)
        var frames = FrameBuffer(limit: limit)
        #expect(throws: FrameTooLong.self) {
            for _ in 0..<1600 {
                frames.append(read)
                let frame = try frames.next()
                #expect(frame == nil)
            }
        }
        #expect(frames.count == limit + read.readableBytes)
    }

    @Test func `Frames of any length come out as they went in`() throws {
        for lengths in [[0], [0, 0, 1], [1, 100_000, 1], [65_536, 65_535, 0, 3]] {
            var frames = FrameBuffer(limit: 100_000)
            var stream: [UInt8] = []
            for length in lengths { stream += Array(repeating: UInt8(length % 255 + 1), count: length) + [0] }
            var found: [Int] = []
            for start in stride(from: 0, to: stream.count, by: 7777) {
                frames.append(ByteBuffer(bytes: stream[start..<min(start + 7777, stream.count)]))
                while let frame = try frames.next() {
                    #expect(frame.allSatisfy { $0 == UInt8(frame.count % 255 + 1) })
                    found.append(frame.count)
                }
            }
            #expect(found == lengths)
            #expect(frames.count == 0)
            #expect(frames.isPartial)
        }
    }
}
