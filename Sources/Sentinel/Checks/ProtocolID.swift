// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// The name of a libp2p protocol, `/yamux/1.0.0`: it begins with a slash, is printable ASCII without spaces,
/// and has at most 255 bytes.
///
/// Source: <https://docs.libp2p.io/concepts/fundamentals/protocols/>. That ids are paths is a convention there;
/// here it is required, which sets them apart from the names of ``StreamType``.
public struct ProtocolID: Hashable, Sendable {
    private let text: String

    /// The longest id, in bytes.
    public static let maximumLength = 255

    /// Reads an id.
    ///
    /// - Throws: `empty`, `tooLong` or `malformed`.
    public init(parsing text: String) throws(SentinelError) {
        guard !text.isEmpty else {
            throw SentinelError(.empty, in: "protocol id", at: 0, remedy: "give an id, as /yamux/1.0.0")
        }
        guard text.utf8.count <= Self.maximumLength else {
            throw SentinelError(
                .tooLong, in: "protocol id", at: Self.maximumLength,
                remedy: "at most \(Self.maximumLength) bytes are read")
        }
        guard text.utf8.first == UInt8(ascii: "/") else {
            throw SentinelError(.malformed, in: "protocol id", at: 0, remedy: "it must begin with a slash")
        }
        if let fault = text.utf8.firstIndex(where: { !(0x21...0x7E).contains($0) }) {
            throw SentinelError(
                .malformed, in: "protocol id", at: text.utf8.distance(from: text.startIndex, to: fault),
                remedy: "only printable ASCII without spaces may stand here")
        }
        self.text = text
    }
}

extension ProtocolID: LosslessStringConvertible {
    /// Reads a text as ``init(parsing:)`` does; nil where that throws.
    public init?(_ text: String) {
        try? self.init(parsing: text)
    }

    public var description: String { text }
}
