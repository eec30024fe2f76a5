// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet

/// How each protocol's value is checked, read from text and written to it. Offsets of errors count from the
/// value's first byte.
extension MultiaddrProtocol {
    /// Checks a value's bytes, as many as ``shape`` says.
    func validate(_ value: UnsafeRawBufferPointer) throws(SentinelError) {
        switch self {
        case .ipcidr:
            guard value[0] <= 128 else {
                throw fault(.outOfRange, "a prefix has at most 128 bits")
            }
        case .onion, .onion3:
            guard value[value.count - 1] | value[value.count - 2] != 0 else {
                throw fault(.outOfRange, at: value.count - 2, "the port is 1 to 65535")
            }
        case .garlic64:
            guard value.count >= 386 else {
                throw fault(.outOfRange, "an I2P destination has at least 386 bytes")
            }
        case .garlic32:
            guard value.count == 32 || value.count >= 35 else {
                throw fault(.outOfRange, "an I2P hash has 32 bytes, or 35 and more where it is encrypted")
            }
        case .p2p: try PeerID.validate(value)
        case .certhash: try Multihash.validate(value, element: "certhash")
        case .dns, .dns4, .dns6, .dnsaddr, .sni: try validateName(value, maximum: 254)
        case .ip6zone: try validateName(value, maximum: 64)
        case .unix: try validatePath(value)
        case .httpPath:
            guard !value.isEmpty else { throw fault(.empty, "leave an empty path away") }
        default: break
        }
    }

    /// Reads a value from its text.
    func bytes(_ text: ArraySlice<UInt8>) throws(SentinelError) -> [UInt8] {
        let bytes: [UInt8] =
            switch self {
            case .ip4: try address(text, .ipv4)
            case .ip6: try address(text, .ipv6)
            case .tcp, .udp, .dccp, .sctp: try number(text[...], as: UInt16.self)
            case .ipcidr: try number(text[...], as: UInt8.self)
            case .memory: try number(text[...], as: UInt64.self)
            case .onion: try onion(text, hostLength: 16)
            case .onion3: try onion(text, hostLength: 56)
            case .garlic64: try decode(withoutPadding(text), .base64I2P)
            // The reference's own examples have bits left over here.
            case .garlic32: try decode(withoutPadding(text), .base32, lenientTail: true)
            case .p2p: try PeerID(parsing: text).bytes
            case .certhash: try Multibase.decode(text, element: "certhash")
            case .httpPath: try percentDecoded(text)
            default: Array(text)
            }
        try bytes.span.withUnsafeBytes { (bytes) throws(SentinelError) in try validate(bytes) }
        return bytes
    }

    /// Writes a valid value as text.
    func text(_ value: UnsafeRawBufferPointer) -> [UInt8] {
        switch self {
        case .ip4: Array(IPv4Address(bytes: value).description.utf8)
        case .ip6: Array(IPv6Address(bytes: value).description.utf8)
        case .tcp, .udp, .dccp, .sctp, .ipcidr, .memory: Self.decimal(value)
        case .onion, .onion3:
            BaseCodec.base32.encode(value.dropLast(2)) + [UInt8(ascii: ":")]
                + Self.decimal(UnsafeRawBufferPointer(rebasing: value.suffix(2)))
        case .garlic64:
            // Padded, as I2P writes it and go-multiaddr reads it.
            BaseCodec.base64I2P.encode(value)
                + Array(repeating: UInt8(ascii: "="), count: (3 - value.count % 3) % 3)
        case .garlic32: BaseCodec.base32.encode(value)
        case .p2p: BaseCodec.base58btc.encode(value)
        case .certhash: [UInt8(ascii: "u")] + BaseCodec.base64url.encode(value)
        case .httpPath: Self.percentEncoded(value)
        default: Array(value)
        }
    }

    private func fault(
        _ code: SentinelError.Code, at offset: Int = 0, _ remedy: String
    ) -> SentinelError {
        SentinelError(code, in: description, at: offset, remedy: remedy)
    }

    // MARK: - Addresses and numbers

    private func address(
        _ text: ArraySlice<UInt8>, _ family: IPAddress.Family
    ) throws(SentinelError) -> [UInt8] {
        guard text.count <= 45, let address = IPAddress(String(decoding: text, as: UTF8.self)),
            address.family == family
        else {
            throw fault(
                .malformed, family == .ipv4 ? "four decimal octets, 203.0.113.7" : "an address as 2001:db8::7"
            )
        }
        return address.bytes
    }

    private func number<Number: FixedWidthInteger & UnsignedInteger>(
        _ text: ArraySlice<UInt8>, as type: Number.Type
    ) throws(SentinelError) -> [UInt8] {
        guard !text.isEmpty else { throw fault(.empty, "a decimal number must stand here") }
        if let offset = text.firstIndex(where: { !(0x30...0x39).contains($0) }) {
            throw fault(.malformed, at: offset - text.startIndex, "a decimal number without a sign")
        }
        guard text.count == 1 || text.first != 0x30 else {
            throw fault(.malformed, "a decimal number without leading zeros")
        }
        guard text.count <= 20, let number = Number(String(decoding: text, as: UTF8.self)) else {
            throw fault(.outOfRange, "the number is at most \(Number.max)")
        }
        return withUnsafeBytes(of: number.bigEndian, Array.init)
    }

    private static func decimal(_ value: UnsafeRawBufferPointer) -> [UInt8] {
        Array(String(value.reduce(0 as UInt64) { $0 << 8 | UInt64($1) }).utf8)
    }

    // MARK: - Overlays

    private func onion(_ text: ArraySlice<UInt8>, hostLength: Int) throws(SentinelError) -> [UInt8] {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else {
            throw fault(.truncated, at: text.count, "a colon and a port must follow the host")
        }
        let host = text[..<colon]
        guard host.count == hostLength else {
            throw fault(.outOfRange, "the host has \(hostLength) characters, without .onion")
        }
        // Host names are in either case.
        let lower = host.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        let port: [UInt8]
        do {
            port = try number(text[(colon + 1)...], as: UInt16.self)
        } catch {
            throw error.rebased(by: colon + 1 - text.startIndex, element: error.element)
        }
        return try decode(lower[...], .base32) + port
    }

    private func decode(
        _ text: ArraySlice<UInt8>, _ codec: BaseCodec, lenientTail: Bool = false
    ) throws(SentinelError) -> [UInt8] {
        do {
            return try codec.decode(text, lenientTail: lenientTail)
        } catch {
            throw SentinelError(error, element: description, end: text.count)
        }
    }

    private func withoutPadding(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let end = text.lastIndex { $0 != UInt8(ascii: "=") }.map { $0 + 1 } ?? text.startIndex
        return text[..<end]
    }

    // MARK: - Names and paths

    private func validateName(
        _ value: UnsafeRawBufferPointer, maximum: Int
    ) throws(SentinelError) {
        guard !value.isEmpty else { throw fault(.empty, "a name must stand here") }
        guard value.count <= maximum else { throw fault(.tooLong, "a name has at most \(maximum) bytes") }
        if let offset = value.firstIndex(where: { $0 == 0x20 || $0 == UInt8(ascii: "/") }) {
            throw fault(.malformed, at: offset, "a name has no slash and no space")
        }
        try validatePrintable(value)
    }

    private func validatePath(_ value: UnsafeRawBufferPointer) throws(SentinelError) {
        guard value.count >= 2, value[0] == UInt8(ascii: "/") else {
            throw fault(.malformed, "a path begins with a slash and has more than that")
        }
        guard value[value.count - 1] != UInt8(ascii: "/") else {
            throw fault(.malformed, at: value.count - 1, "a socket's path doesn't end in a slash")
        }
        try validatePrintable(value)
    }

    /// Texts from peers end up in logs and on terminals: nothing may stand in them that moves the cursor,
    /// breaks the line or turns the writing direction.
    private func validatePrintable(_ value: UnsafeRawBufferPointer) throws(SentinelError) {
        guard let text = String(validating: value, as: UTF8.self) else {
            throw fault(.malformed, "the bytes must be UTF-8")
        }
        let unprintable = text.unicodeScalars.firstIndex { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
        guard let unprintable else { return }
        throw fault(
            .malformed, at: text.utf8.distance(from: text.startIndex, to: unprintable),
            "no control or formatting character may stand here")
    }

    // MARK: - Percent encoding, RFC 3986 section 2.1

    /// Encodes all but the unreserved characters of RFC 3986, which every reader takes back alike.
    private static func percentEncoded(_ value: UnsafeRawBufferPointer) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return value.reduce(into: []) { text, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                text.append(byte)
            default:
                text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }

    /// Reads a path segment of RFC 3986 section 3.3.
    private func percentDecoded(_ text: ArraySlice<UInt8>) throws(SentinelError) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            let offset = index - text.startIndex
            if byte == UInt8(ascii: "%") {
                guard text.endIndex - index > 2, let high = Self.hex(text[index + 1]),
                    let low = Self.hex(text[index + 2])
                else { throw fault(.malformed, at: offset, "two hexadecimal digits follow a percent sign") }
                bytes.append(high << 4 | low)
                index += 3
            } else {
                guard (0x21...0x7E).contains(byte), !"\"#<>?[\\]^`{|}".utf8.contains(byte) else {
                    throw fault(.malformed, at: offset, "this character must be percent-encoded")
                }
                bytes.append(byte)
                index += 1
            }
        }
        return bytes
    }

    private static func hex(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
