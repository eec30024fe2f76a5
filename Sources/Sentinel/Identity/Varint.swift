// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// The multiformats' unsigned varint: seven bits a byte, the lowest first, in as few bytes as possible.
///
/// Source: <https://github.com/multiformats/unsigned-varint>. Values here fit 32 bits, as protocol codes and
/// lengths of multiaddrs do.
enum Varint {
    /// What a read found.
    struct Value {
        let value: UInt32
        let byteCount: Int
    }

    /// Reads the varint that `bytes` begin with.
    ///
    /// - Throws: `truncated` where the bytes end within it, `malformed` where a shorter form exists,
    ///   `outOfRange` where the value needs more than 32 bits.
    static func read(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> Value {
        var value: UInt64 = 0
        for (index, byte) in bytes.prefix(5).enumerated() {
            value |= UInt64(byte & 0x7F) << UInt64(7 * index)
            guard byte & 0x80 == 0 else { continue }
            guard byte != 0 || index == 0 else { throw .malformed }
            guard let narrow = UInt32(exactly: value) else { throw .outOfRange }
            return Value(value: narrow, byteCount: index + 1)
        }
        throw bytes.count < 5 ? .truncated : .outOfRange
    }

    /// Appends `value` to `output`.
    static func write(_ value: UInt32, to output: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }

    enum Fault: Error {
        case truncated, malformed, outOfRange
    }
}
