// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A text that says by its first character how the rest is encoded.
///
/// Source: <https://github.com/multiformats/multibase>. Read are base16, base32 (lower and upper case), base36,
/// base58btc and base64url: what peer ids and certificate hashes are written in.
enum Multibase {
    /// The longest text that is read. It holds a digest of 64 bytes with its prefixes in base16.
    static let maximumTextLength = 160

    /// Reads `text`.
    static func decode(_ text: some Collection<UInt8>, element: String) throws(SentinelError) -> [UInt8] {
        guard let prefix = text.first else {
            throw SentinelError(.empty, in: element, at: 0, remedy: "give a multibase text, as b… or z…")
        }
        guard text.count <= maximumTextLength else {
            throw SentinelError(
                .tooLong, in: element, at: 0, remedy: "at most \(maximumTextLength) characters are read")
        }
        guard let codec = codec(prefix) else {
            throw SentinelError(
                .unsupported, in: element, at: 0,
                remedy: "the encoding's prefix must be one of b B f F k K u z")
        }
        do {
            return try codec.decode(text.dropFirst())
        } catch {
            throw SentinelError(error, element: element, base: 1, end: text.count)
        }
    }

    private static func codec(_ prefix: UInt8) -> BaseCodec? {
        switch prefix {
        case UInt8(ascii: "f"): .base16
        case UInt8(ascii: "F"): .base16Upper
        case UInt8(ascii: "b"): .base32
        case UInt8(ascii: "B"): .base32Upper
        case UInt8(ascii: "k"): .base36
        case UInt8(ascii: "K"): .base36Upper
        case UInt8(ascii: "u"): .base64url
        case UInt8(ascii: "z"): .base58btc
        default: nil
        }
    }
}

extension SentinelError {
    /// Places a codec's fault: its text began `base` bytes into the element and ended at `end`.
    init(_ fault: BaseCodec.Fault, element: String, base: Int = 0, end: Int) {
        switch fault {
        case .character(let offset):
            self.init(
                .malformed, in: element, at: base + offset,
                remedy: "only the encoding's own characters may stand here")
        case .tail:
            self.init(
                .malformed, in: element, at: end,
                remedy: "the last character leaves bits over; check that none is missing or wrong")
        case .tooLong:
            self.init(
                .tooLong, in: element, at: base,
                remedy: "at most \(BaseCodec.maximumNumberLength) characters are read")
        }
    }
}
