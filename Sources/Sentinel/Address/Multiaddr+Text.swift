// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Multiaddr: LosslessStringConvertible {
    /// Reads a text as ``init(parsing:)`` does; nil where that throws.
    public init?(_ text: String) {
        try? self.init(parsing: text)
    }

    /// Reads a text, `/ip4/203.0.113.7/tcp/8776`. Slashes at its end are passed over.
    ///
    /// - Throws: ``SentinelError`` with the offset in the text and the protocol at fault.
    public init(parsing text: String) throws(SentinelError) {
        guard text.utf8.count <= Self.maximumTextLength else {
            throw SentinelError(
                .tooLong, in: "multiaddr", at: Self.maximumTextLength,
                remedy: "at most \(Self.maximumTextLength) bytes are read")
        }
        var parser = TextParser(Array(text.utf8))
        let bytes = try parser.parse()
        self = bytes.span.withUnsafeBytes { Multiaddr(valid: $0) }
    }

    /// The text, without a slash at its end. It is one line of printable characters, so it may stand in a log.
    public var description: String {
        withUnsafeBytes { bytes in
            var text: [UInt8] = []
            for place in Places(bytes) {
                place.appendText(bytes, to: &text)
            }
            return String(decoding: text, as: UTF8.self)
        }
    }
}

extension Multiaddr.Place {
    /// Appends the component's text, `/tcp/80`.
    func appendText(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "/"))
        text.append(contentsOf: "\(`protocol`)".utf8)
        guard !value.isEmpty else { return }
        let value = `protocol`.text(UnsafeRawBufferPointer(rebasing: bytes[value]))
        // A path brings the slash that it begins with.
        if `protocol`.shape != .path { text.append(UInt8(ascii: "/")) }
        text.append(contentsOf: value)
    }
}

/// Turns an address's text into its binary form.
private struct TextParser {
    private static let slash = UInt8(ascii: "/")

    private let text: ArraySlice<UInt8>
    private var offset = 0
    private var output: [UInt8] = []

    init(_ text: [UInt8]) {
        let end = text.lastIndex { $0 != Self.slash }.map { $0 + 1 } ?? 0
        self.text = text[..<end]
    }

    mutating func parse() throws(SentinelError) -> [UInt8] {
        guard !text.isEmpty else {
            throw SentinelError(
                .empty, in: "multiaddr", at: 0, remedy: "give an address, as /ip4/203.0.113.7/tcp/8776")
        }
        guard text.first == Self.slash else {
            throw SentinelError(.malformed, in: "multiaddr", at: 0, remedy: "an address begins with a slash")
        }
        var count = 0
        while offset < text.endIndex {
            count += 1
            guard count <= Multiaddr.maximumComponentCount else {
                throw SentinelError(
                    .tooLong, in: "multiaddr", at: offset,
                    remedy: "at most \(Multiaddr.maximumComponentCount) components are read")
            }
            try parseComponent()
            guard output.count <= Multiaddr.maximumByteCount else {
                throw SentinelError(
                    .tooLong, in: "multiaddr", at: offset,
                    remedy: "the binary form may have \(Multiaddr.maximumByteCount) bytes")
            }
        }
        return output
    }

    private mutating func parseComponent() throws(SentinelError) {
        let start = offset + 1
        let name = nextSegment()
        guard let kind = MultiaddrProtocol(name: name) else {
            throw SentinelError(
                .unknownProtocol, in: "multiaddr", at: start,
                remedy: "a name of the multiaddr table must stand here, in lower case")
        }
        Varint.write(kind.rawValue, to: &output)
        guard kind.shape != .none else { return }
        guard offset < text.endIndex else {
            throw SentinelError(.truncated, in: "\(kind)", at: offset, remedy: "a value must follow")
        }
        let valueStart: Int
        let value: ArraySlice<UInt8>
        if kind.shape == .path {
            valueStart = offset
            value = text[offset...]
            offset = text.endIndex
        } else {
            valueStart = offset + 1
            value = nextSegment()
        }
        let bytes: [UInt8]
        do {
            bytes = try kind.bytes(value)
        } catch {
            throw error.rebased(by: valueStart, element: "\(kind)")
        }
        if kind.shape == .prefixed || kind.shape == .path {
            Varint.write(UInt32(bytes.count), to: &output)
        }
        output.append(contentsOf: bytes)
    }

    /// What stands between the slash at the offset and the next one.
    private mutating func nextSegment() -> ArraySlice<UInt8> {
        let rest = text[(offset + 1)...]
        let segment = rest.prefix { $0 != Self.slash }
        offset = segment.endIndex
        return segment
    }
}
