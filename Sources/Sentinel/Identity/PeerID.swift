// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// The identity of a peer: the multihash of its public key.
///
/// A key that serialises to 42 bytes or fewer is its own identity (an "identity" multihash: Ed25519,
/// secp256k1), a longer one is hashed with SHA-256. Nothing else is a peer id, so the longest has 44 bytes,
/// and all of them lie in the value itself: copying and comparing one allocates nothing.
///
/// Source: <https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md>.
public struct PeerID: Sendable {
    /// The bytes in the order they are written in, zeros behind them, and their count in the last byte.
    private var words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

    /// The longest public key that is its own identity.
    public static let maximumInlineKeyLength = 42

    /// The length of the longest peer id: code, length and 42 bytes of key.
    public static let maximumByteCount = 2 + maximumInlineKeyLength

    /// Reads the multihash's bytes.
    ///
    /// - Throws: `empty`, `tooLong`, `truncated`, `trailing`, or `unsupported` where the hash function is
    ///   neither identity nor SHA-256.
    public init(bytes: some Collection<UInt8>) throws(SentinelError) {
        guard bytes.count <= Self.maximumByteCount else {
            throw Self.error(.tooLong, remedy: "a multihash of at most \(Self.maximumByteCount) bytes")
        }
        words = (0, 0, 0, 0, 0, 0)
        let count = bytes.count
        withUnsafeMutableBytes(of: &words) { storage in
            storage.copyBytes(from: bytes)
            storage[47] = UInt8(count)
        }
        try withUnsafeBytes { (bytes) throws(SentinelError) in try Self.validate(bytes) }
    }

    /// The peer id of an Ed25519 public key, 32 bytes.
    ///
    /// - Throws: `outOfRange` for any other count.
    public init(ed25519PublicKey key: some Collection<UInt8>) throws(SentinelError) {
        guard key.count == 32 else {
            throw SentinelError(
                .outOfRange, in: "Ed25519 public key", remedy: "it has 32 bytes, not \(key.count)")
        }
        try self.init(bytes: Self.ed25519Prefix + key)
    }

    /// The Ed25519 public key that this id consists of, nil where it holds none: then it is another kind of
    /// key, or a key's hash.
    public var ed25519PublicKey: [UInt8]? {
        withUnsafeBytes { bytes in
            bytes.count == 38 && bytes.starts(with: Self.ed25519Prefix) ? Array(bytes.dropFirst(6)) : nil
        }
    }

    /// Identity multihash of 36 bytes: a protobuf of key type 1 (Ed25519) and 32 bytes of data.
    private static let ed25519Prefix: [UInt8] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20]

    /// The multihash's bytes.
    public var bytes: [UInt8] { withUnsafeBytes(Array.init) }

    /// How many bytes the multihash has.
    public var byteCount: Int { Int(Swift.withUnsafeBytes(of: words) { $0[47] }) }

    /// Calls `body` with the multihash's bytes, without copying them to the heap.
    func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try Swift.withUnsafeBytes(of: words) { (storage) throws(Failure) in
            try body(UnsafeRawBufferPointer(rebasing: storage[..<Int(storage[47])]))
        }
    }

    static func validate(_ bytes: UnsafeRawBufferPointer) throws(SentinelError) {
        guard bytes.count >= 2 else {
            throw bytes.isEmpty
                ? error(.empty, remedy: "give a multihash")
                : error(.truncated, at: bytes.count, remedy: "the digest's length must follow its code")
        }
        let length = bytes.count - 2
        switch bytes[0] {
        case 0x00:
            guard (1...maximumInlineKeyLength).contains(Int(bytes[1])) else {
                throw error(
                    .outOfRange, at: 1,
                    remedy: "an identity multihash holds 1 to \(maximumInlineKeyLength) bytes of key")
            }
        case 0x12:
            guard bytes[1] == 32 else {
                throw error(.outOfRange, at: 1, remedy: "a SHA-256 digest has 32 bytes")
            }
        default:
            throw error(.unsupported, at: 0, remedy: "the hash function must be identity or SHA-256")
        }
        guard length == Int(bytes[1]) else {
            throw error(
                length < Int(bytes[1]) ? .truncated : .trailing, at: bytes.count,
                remedy: "the digest must have the \(bytes[1]) bytes that it says")
        }
    }

    static func error(
        _ code: SentinelError.Code, at offset: Int? = nil, remedy: String
    ) -> SentinelError {
        SentinelError(code, in: "peer id", at: offset, remedy: remedy)
    }
}

extension PeerID: Hashable {
    public static func == (a: Self, b: Self) -> Bool {
        a.words.0 == b.words.0 && a.words.1 == b.words.1 && a.words.2 == b.words.2
            && a.words.3 == b.words.3 && a.words.4 == b.words.4 && a.words.5 == b.words.5
    }

    public func hash(into hasher: inout Hasher) {
        // All of it: an unauthenticated peer chooses every byte.
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
        hasher.combine(words.4)
        hasher.combine(words.5)
    }
}

extension PeerID: TableKey {
    /// No peer id has no bytes.
    static var vacant: PeerID { PeerID(words: (0, 0, 0, 0, 0, 0)) }

    private init(words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)) {
        self.words = words
    }

    @inline(__always)
    func hash(_ seed: HashSeed) -> UInt64 { hash(seed, tail: 0) }

    /// A hash that another number goes into as well, unless it is 0.
    @inline(__always)
    func hash(_ seed: HashSeed, tail: UInt64) -> UInt64 {
        var state = SipHash(seed)
        state.absorb(words.0)
        state.absorb(words.1)
        state.absorb(words.2)
        state.absorb(words.3)
        state.absorb(words.4)
        state.absorb(words.5)
        if tail != 0 { state.absorb(tail) }
        return state.finish()
    }
}
