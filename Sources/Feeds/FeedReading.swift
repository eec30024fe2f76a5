// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What became of a feed's file that was read.
public struct FeedReading: Hashable, Sendable {
    public var list = AddressList()
    /// What it was read as: `plain`.
    public var format = ""
    /// How many lines or entries weren't taken.
    public var refused = 0
    /// How many had ended already.
    public var ended = 0
    /// When the first of those that end does so, in milliseconds since 1970-01-01T00:00Z; nil: none does.
    public var nextEnd: Int64?
    /// The first of those that weren't taken, each with its line, what is wrong and the remedy. Not in ``coded``.
    public var refusals: [String] = []

    public init() {}
}

/// What can't be the coded form of a reading.
public struct FeedCodingError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
}

// The form in which a reading is handed from the process that reads lists to the one that acts on them: a header of
// 88 bytes, then the numbers as they are, in this machine's own byte order, for both run on it. Whoever takes it checks
// everything that he relies on: the sizes, the order, that nothing overlaps.
extension FeedReading {
    private static var magic: [UInt8] { Array("sentinel feed 1\0".utf8) }
    private static var formatLength: Int { 16 }
    private static var headerLength: Int { magic.count + formatLength + 7 * 8 }

    /// How many bytes a list of so many entries of each kind and family takes at most.
    public static func mostBytes(addresses: Int, blocks: Int) -> Int {
        headerLength + addresses * (4 + 16) + blocks * (8 + 32)
    }

    public var coded: [UInt8] {
        var bytes = Self.magic
        bytes += format.utf8.prefix(Self.formatLength)
        bytes += [UInt8](repeating: 0, count: Self.magic.count + Self.formatLength - bytes.count)
        let counts = [
            list.ipv4.addresses.count, list.ipv4.blocks.count, list.ipv6.addresses.count,
            list.ipv6.blocks.count,
        ]
        for number in [refused, ended] + counts { bytes.append(number: Int64(number)) }
        bytes.append(number: nextEnd ?? .max)
        bytes.append(contents: list.ipv4.addresses)
        bytes.append(contents: list.ipv4.blocks)
        bytes.append(contents: list.ipv6.addresses)
        bytes.append(contents: list.ipv6.blocks)
        return bytes
    }

    /// Reads ``coded``, and checks it.
    public init(coded bytes: [UInt8]) throws(FeedCodingError) {
        guard bytes.count >= Self.headerLength, bytes.starts(with: Self.magic) else {
            throw FeedCodingError(description: "it doesn't begin as a list that was read")
        }
        let name = bytes[Self.magic.count..<Self.magic.count + Self.formatLength].prefix { $0 != 0 }
        guard name.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw FeedCodingError(description: "its format has no name")
        }
        format = String(decoding: name, as: UTF8.self)
        var numbers = CodedNumbers(bytes[(Self.magic.count + Self.formatLength)...])
        let header = try numbers.take(Int64.self, 7)
        guard header.dropLast().allSatisfy({ 0...Int64(Int32.max) ~= $0 }) else {
            throw FeedCodingError(description: "it has a number that can't be")
        }
        refused = Int(header[0])
        ended = Int(header[1])
        nextEnd = header[6] == .max ? nil : header[6]
        let ipv4 = NumberList<UInt32>(
            checking: try numbers.take(UInt32.self, Int(header[2])),
            try numbers.take(NumberList<UInt32>.Block.self, Int(header[3])))
        let ipv6 = NumberList<UInt128>(
            checking: try numbers.take(UInt128.self, Int(header[4])),
            try numbers.take(NumberList<UInt128>.Block.self, Int(header[5])))
        guard let ipv4, let ipv6 else {
            throw FeedCodingError(description: "its addresses aren't in order, or overlap")
        }
        guard numbers.isAtEnd else { throw FeedCodingError(description: "it is longer than it says") }
        list.ipv4 = ipv4
        list.ipv6 = ipv6
    }
}

/// Numbers one behind the other, as they are in memory.
private struct CodedNumbers {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    /// - Parameter type: integers, or what is made of them alone and without gaps.
    mutating func take<Number: BitwiseCopyable>(
        _ type: Number.Type, _ count: Int
    ) throws(FeedCodingError) -> [Number] {
        let size = MemoryLayout<Number>.stride
        guard count <= rest.count / size else {
            throw FeedCodingError(description: "it is shorter than it says")
        }
        let bytes = rest.prefix(count * size)
        rest = rest.dropFirst(count * size)
        return [Number](unsafeUninitializedCapacity: count) { target, used in
            bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(target).copyMemory(from: $0) }
            used = count
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(number: Int64) {
        Swift.withUnsafeBytes(of: number) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(contents: [some BitwiseCopyable]) {
        contents.withUnsafeBytes { append(contentsOf: $0) }
    }
}
