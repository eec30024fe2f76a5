// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension PeerID: LosslessStringConvertible {
    /// Reads a text as ``init(parsing:)`` does; nil where that throws.
    public init?(_ text: String) {
        try? self.init(parsing: text)
    }

    /// Reads either form of the libp2p specification: a bare base58btc multihash (`Qm…`, `12D3Koo…`), or a
    /// CIDv1 with the codec libp2p-key in multibase (`bafz…`; base16, base32, base36, base58btc, base64url).
    ///
    /// - Throws: ``SentinelError`` with the offset of the character at fault; `tooLong` before anything is
    ///   decoded.
    public init(parsing text: String) throws(SentinelError) {
        guard text.utf8.count <= Multibase.maximumTextLength else {
            throw Self.error(
                .tooLong, at: Multibase.maximumTextLength,
                remedy: "at most \(Multibase.maximumTextLength) characters are read")
        }
        try self.init(parsing: Array(text.utf8)[...])
    }

    /// Reads the text's UTF-8.
    init(parsing text: ArraySlice<UInt8>) throws(SentinelError) {
        guard let first = text.first else {
            throw Self.error(.empty, at: 0, remedy: "give a peer id, as 12D3Koo…, Qm… or bafz…")
        }
        if first == UInt8(ascii: "1") || text.starts(with: "Qm".utf8) {
            let bytes: [UInt8]
            do {
                bytes = try BaseCodec.base58btc.decode(text)
            } catch {
                throw SentinelError(error, element: "peer id", end: text.count)
            }
            try self.init(decoded: bytes[...])
            return
        }
        let bytes = try Multibase.decode(text, element: "peer id")
        guard bytes.first == 1 else {
            throw Self.error(.unsupported, at: 1, remedy: "the CID must be of version 1")
        }
        guard bytes.count >= 2, bytes[1] == 0x72 else {
            throw Self.error(.unsupported, at: 1, remedy: "the CID's codec must be libp2p-key, 0x72")
        }
        try self.init(decoded: bytes.dropFirst(2))
    }

    /// Offsets into decoded bytes say nothing about the text, so the error keeps none.
    private init(decoded bytes: ArraySlice<UInt8>) throws(SentinelError) {
        do {
            try self.init(bytes: bytes)
        } catch {
            throw SentinelError(error.code, in: error.element, remedy: error.remedy)
        }
    }

    /// The bare base58btc form, which the specification asks to display.
    public var description: String {
        withUnsafeBytes { String(decoding: BaseCodec.base58btc.encode($0), as: UTF8.self) }
    }

    /// The CIDv1 form in base32: `bafz…`.
    public var cidDescription: String {
        "b" + String(decoding: BaseCodec.base32.encode([0x01, 0x72] + bytes), as: UTF8.self)
    }
}
