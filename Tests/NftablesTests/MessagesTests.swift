// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import CNetfilter
import Testing

@testable import Nftables

@Suite struct MessagesTests {
    /// A message of nf_tables that says it has so many bytes, and has no attributes.
    private func message(length: UInt32, count: Int = 20) -> [UInt8] {
        let header = withUnsafeBytes(of: length, Array.init) + [0, 0x0A, 0, 0]
        return header + Array(repeating: 0, count: count - header.count)
    }

    private func lengths(_ bytes: [UInt8]) -> [UInt32] {
        bytes.withUnsafeBytes { Messages($0).map(\.pointee.nlmsg_len) }
    }

    @Test func `Messages follow one another at multiples of four bytes`() {
        let bytes = message(length: 20) + message(length: 21, count: 24) + message(length: 20)
        #expect(lengths(bytes) == [20, 21, 20])
    }

    @Test(arguments: [21, 65_536, 1 << 31, .max - 3, .max] as [UInt32])
    func `A message that says it is longer than what was received ends the reading`(length: UInt32) {
        #expect(lengths(message(length: 20) + message(length: length)) == [20])
    }

    @Test(arguments: [0, -17, -1, .max, .min] as [Int32])
    func `An error of any number is one`(number: Int32) throws {
        var bytes = message(length: 36, count: 36)
        bytes[4...5] = [2, 0]
        bytes.replaceSubrange(16..<20, with: withUnsafeBytes(of: number, Array.init))
        let verdict = try bytes.withUnsafeBytes { bytes in
            try #require(Messages(bytes).lazy.compactMap { KernelVerdict(message: $0) }.first { _ in true })
        }
        #expect((verdict.errno == 0) == (number == 0))
        #expect(number != -17 || verdict.errno == 17)
    }

    @Test func `A message without netfilter's header is passed over`() {
        #expect(lengths(message(length: 16, count: 16) + message(length: 20)) == [20])
        #expect(lengths(message(length: 16, count: 16)) == [])
        #expect(lengths(message(length: 15)) == [])
    }
}
