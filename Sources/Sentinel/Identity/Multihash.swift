// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A digest that says which function made it: code, length, digest.
///
/// Source: <https://github.com/multiformats/multihash>.
enum Multihash {
    /// No function is accepted whose digest is longer.
    static let maximumDigestLength = 64

    /// Whether `bytes` are just one multihash, of whatever function.
    static func validate(_ bytes: UnsafeRawBufferPointer, element: String) throws(SentinelError) {
        let code: Varint.Value
        let length: Varint.Value
        do {
            code = try Varint.read(bytes)
            length = try Varint.read(UnsafeRawBufferPointer(rebasing: bytes[code.byteCount...]))
        } catch {
            throw SentinelError(
                .malformed, in: element, at: 0, remedy: "a multihash begins with its code and length")
        }
        let start = code.byteCount + length.byteCount
        guard length.value <= maximumDigestLength else {
            throw SentinelError(
                .tooLong, in: element, at: code.byteCount,
                remedy: "a digest has at most \(maximumDigestLength) bytes")
        }
        guard bytes.count - start == Int(length.value) else {
            let code: SentinelError.Code = bytes.count - start < Int(length.value) ? .truncated : .trailing
            throw SentinelError(
                code, in: element, at: start,
                remedy: "the digest must have the \(length.value) bytes that it says")
        }
    }
}
