// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A few bytes, kept in the value itself.
struct InlineBytes: Hashable, Sendable {
    /// What addresses of a host, a port and a transport fit into: ip6, udp, quic-v1 and webtransport take 25.
    static let capacity = 28

    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var third: UInt64 = 0
    private var fourth: UInt32 = 0
    private(set) var count: UInt8 = 0

    init() {}

    /// Appends bytes.
    ///
    /// - Precondition: they fit.
    mutating func append(contentsOf bytes: UnsafeRawBufferPointer) {
        let start = Int(count)
        precondition(start + bytes.count <= Self.capacity)
        Swift.withUnsafeMutableBytes(of: &self) { storage in
            UnsafeMutableRawBufferPointer(rebasing: storage[start...]).copyMemory(from: bytes)
        }
        count += UInt8(bytes.count)
    }

    /// Appends a number in network byte order.
    mutating func append(_ number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }

    /// Calls `body` with the bytes.
    func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try Swift.withUnsafeBytes(of: self) { (storage) throws(Failure) in
            try body(UnsafeRawBufferPointer(rebasing: storage[..<Int(count)]))
        }
    }
}
