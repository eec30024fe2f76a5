// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Multiaddr {
    /// One link of the chain: a protocol and its value.
    public struct Component: Hashable, Sendable, CustomStringConvertible {
        public let `protocol`: MultiaddrProtocol
        /// The value's binary form, without its length; empty where the protocol has none.
        public let value: [UInt8]

        /// The value as it stands in text, nil where the protocol has none.
        public var valueText: String? {
            guard !value.isEmpty else { return nil }
            let text = value.span.withUnsafeBytes { `protocol`.text($0) }
            return String(decoding: text, as: UTF8.self)
        }

        /// The text, `/tcp/80`.
        public var description: String {
            guard let valueText else { return "/\(`protocol`)" }
            return `protocol`.shape == .path
                ? "/\(`protocol`)\(valueText)" : "/\(`protocol`)/\(valueText)"
        }
    }

    /// The chain, from the outside in: a host comes before what runs on it.
    public var components: [Component] {
        withUnsafeBytes { bytes in
            Places(bytes).map { Component(protocol: $0.protocol, value: Array(bytes[$0.value])) }
        }
    }

    /// The chain's protocols.
    public var protocols: [MultiaddrProtocol] {
        withUnsafeBytes { Places($0).map(\.protocol) }
    }

    /// This address with `inner` behind it: a host's address, and what runs on the host.
    ///
    /// - Throws: `tooLong` where there would be too many bytes or components, `trailing` where this address
    ///   ends in a path.
    public func encapsulating(_ inner: Multiaddr) throws(SentinelError) -> Multiaddr {
        try Multiaddr(bytes: bytes + inner.bytes)
    }

    /// This address with a peer's id at its end.
    ///
    /// - Throws: as ``encapsulating(_:)``.
    public func encapsulating(_ peer: PeerID) throws(SentinelError) -> Multiaddr {
        var output = bytes
        Varint.write(MultiaddrProtocol.p2p.rawValue, to: &output)
        Varint.write(UInt32(peer.byteCount), to: &output)
        return try Multiaddr(bytes: output + peer.bytes)
    }

    /// Walks over the components of a valid binary form.
    struct Places: Sequence, IteratorProtocol {
        private let bytes: UnsafeRawBufferPointer
        private var offset = 0

        init(_ bytes: UnsafeRawBufferPointer) {
            self.bytes = bytes
        }

        @inline(__always)
        mutating func next() -> Place? {
            guard offset < bytes.count, let kind = MultiaddrProtocol(rawValue: varint()) else { return nil }
            let count: Int =
                switch kind.shape {
                case .none: 0
                case .fixed(let size): size
                case .prefixed, .path: Int(varint())
                }
            defer { offset += count }
            return Place(protocol: kind, value: offset..<(offset + count))
        }

        /// Reads a varint that is known to be one, of up to four bytes.
        @inline(__always)
        private mutating func varint() -> UInt32 {
            var value: UInt32 = 0
            var shift: UInt32 = 0
            while offset < bytes.count {
                let byte = bytes[offset]
                offset += 1
                value |= UInt32(byte & 0x7F) &<< shift
                if byte & 0x80 == 0 { break }
                shift += 7
            }
            return value
        }
    }
}
