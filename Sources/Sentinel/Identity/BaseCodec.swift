// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// One byte string written with an alphabet: base16, base32, base64 by groups of bits (RFC 4648), base36 and
/// base58 as one large number.
struct BaseCodec: Sendable {
    /// Why a text is not one of this codec's.
    enum Fault: Error, Equatable {
        /// The character at this offset is not of the alphabet.
        case character(Int)
        /// The bits behind the last whole byte are not zero, or a whole character is left over.
        case tail
        /// The text is longer than this codec accepts.
        case tooLong
    }

    /// How bytes become digits.
    private enum Scheme {
        /// This many bits a character.
        case bits(Int)
        /// The whole as one number; leading zero bytes become leading zero digits.
        case number
    }

    private let symbols: [UInt8]
    private let digits: [UInt8]
    private let scheme: Scheme

    /// Converting a number takes time quadratic in its length, so longer texts are refused unread.
    static let maximumNumberLength = 160

    private init(_ alphabet: StaticString, _ scheme: Scheme) {
        symbols = alphabet.withUTF8Buffer(Array.init)
        var digits = [UInt8](repeating: 0xFF, count: 256)
        for (digit, symbol) in symbols.enumerated() { digits[Int(symbol)] = UInt8(digit) }
        self.digits = digits
        self.scheme = scheme
    }

    static let base16 = BaseCodec("0123456789abcdef", .bits(4))
    static let base16Upper = BaseCodec("0123456789ABCDEF", .bits(4))
    static let base32 = BaseCodec("abcdefghijklmnopqrstuvwxyz234567", .bits(5))
    static let base32Upper = BaseCodec("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", .bits(5))
    static let base36 = BaseCodec("0123456789abcdefghijklmnopqrstuvwxyz", .number)
    static let base36Upper = BaseCodec("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", .number)
    /// Bitcoin's alphabet: no 0, O, I and l.
    static let base58btc = BaseCodec("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", .number)
    static let base64url = BaseCodec(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", .bits(6))
    /// The alphabet of I2P: base64 with - and ~ for + and /.
    static let base64I2P = BaseCodec(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~", .bits(6))

    /// Writes `bytes`, without padding.
    func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        switch scheme {
        case .bits(let width): encodeBits(bytes, width)
        case .number: encodeNumber(bytes)
        }
    }

    /// Reads what ``encode(_:)`` writes.
    ///
    /// - Parameter lenientTail: accept bits behind the last whole byte that are not zero.
    func decode(_ text: some Collection<UInt8>, lenientTail: Bool = false) throws(Fault) -> [UInt8] {
        switch scheme {
        case .bits(let width): try decodeBits(text, width, lenientTail: lenientTail)
        case .number: try decodeNumber(text)
        }
    }

    private func encodeBits(_ bytes: some Collection<UInt8>, _ width: Int) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count * 8 + width - 1) / width)
        var pending: UInt32 = 0
        var count = 0
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            count += 8
            while count >= width {
                count -= width
                output.append(symbols[Int(pending >> UInt32(count)) & (symbols.count - 1)])
            }
        }
        if count > 0 {
            output.append(symbols[Int(pending << UInt32(width - count)) & (symbols.count - 1)])
        }
        return output
    }

    private func decodeBits(
        _ text: some Collection<UInt8>, _ width: Int, lenientTail: Bool
    ) throws(Fault) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count * width / 8)
        var pending: UInt32 = 0
        var count = 0
        for (offset, character) in text.enumerated() {
            let digit = digits[Int(character)]
            guard digit != 0xFF else { throw .character(offset) }
            pending = pending << UInt32(width) | UInt32(digit)
            count += width
            guard count >= 8 else { continue }
            count -= 8
            output.append(UInt8(truncatingIfNeeded: pending >> UInt32(count)))
        }
        guard count < width, lenientTail || pending & (1 << UInt32(count) - 1) == 0 else { throw .tail }
        return output
    }

    private func encodeNumber(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let zeros = bytes.prefix { $0 == 0 }.count
        // The number's digits in this base, the least significant first.
        var number: [UInt8] = []
        for byte in bytes.dropFirst(zeros) {
            var carry = UInt32(byte)
            for index in number.indices {
                carry += UInt32(number[index]) << 8
                number[index] = UInt8(truncatingIfNeeded: carry % UInt32(symbols.count))
                carry /= UInt32(symbols.count)
            }
            while carry > 0 {
                number.append(UInt8(truncatingIfNeeded: carry % UInt32(symbols.count)))
                carry /= UInt32(symbols.count)
            }
        }
        return Array(repeating: symbols[0], count: zeros) + number.reversed().map { symbols[Int($0)] }
    }

    private func decodeNumber(_ text: some Collection<UInt8>) throws(Fault) -> [UInt8] {
        guard text.count <= Self.maximumNumberLength else { throw .tooLong }
        let zeros = text.prefix { $0 == symbols[0] }.count
        // The number's bytes, the least significant first.
        var number: [UInt8] = []
        for (offset, character) in text.enumerated().dropFirst(zeros) {
            let digit = digits[Int(character)]
            guard digit != 0xFF else { throw .character(offset) }
            var carry = UInt32(digit)
            for index in number.indices {
                carry += UInt32(number[index]) * UInt32(symbols.count)
                number[index] = UInt8(truncatingIfNeeded: carry)
                carry >>= 8
            }
            if carry > 0 { number.append(UInt8(truncatingIfNeeded: carry)) }
        }
        return Array(repeating: 0, count: zeros) + number.reversed()
    }
}
