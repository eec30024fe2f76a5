// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Multiaddr {
    /// The binary form.
    public var bytes: [UInt8] { withUnsafeBytes(Array.init) }

    /// How many bytes the binary form has.
    public var byteCount: Int { withUnsafeBytes(\.count) }

    /// Reads a binary form. All of it is checked, values too, so that every address has a text.
    ///
    /// - Throws: ``SentinelError`` with the offset and the protocol at fault.
    public init(bytes: some Collection<UInt8>) throws(SentinelError) {
        guard bytes.count <= Self.maximumByteCount else {
            throw SentinelError(
                .tooLong, in: "multiaddr", at: Self.maximumByteCount,
                remedy: "at most \(Self.maximumByteCount) bytes are read")
        }
        let bytes = Array(bytes)
        self = try bytes.span.withUnsafeBytes { (bytes) throws(SentinelError) in
            try Self.validate(bytes)
            return Multiaddr(valid: bytes)
        }
    }

    private static func validate(_ bytes: UnsafeRawBufferPointer) throws(SentinelError) {
        guard !bytes.isEmpty else {
            throw SentinelError(.empty, in: "multiaddr", at: 0, remedy: "an address has a component")
        }
        var offset = 0
        var count = 0
        while offset < bytes.count {
            count += 1
            guard count <= maximumComponentCount else {
                throw SentinelError(
                    .tooLong, in: "multiaddr", at: offset,
                    remedy: "at most \(maximumComponentCount) components are read")
            }
            let component = try readComponent(bytes, at: offset)
            do {
                try component.protocol.validate(UnsafeRawBufferPointer(rebasing: bytes[component.value]))
            } catch {
                throw error.rebased(by: component.value.lowerBound, element: "\(component.protocol)")
            }
            offset = component.value.upperBound
            guard component.protocol.shape != .path || offset == bytes.count else {
                throw SentinelError(
                    .trailing, in: "\(component.protocol)", at: offset,
                    remedy: "a path is the last component")
            }
        }
    }

    /// A component's place in the binary form.
    struct Place {
        let `protocol`: MultiaddrProtocol
        /// Where its value lies.
        let value: Range<Int>
    }

    /// Reads a component's code and length; its value is only measured.
    private static func readComponent(
        _ bytes: UnsafeRawBufferPointer, at start: Int
    ) throws(SentinelError) -> Place {
        let code = try readVarint(bytes, at: start, element: "multiaddr")
        guard let kind = MultiaddrProtocol(rawValue: code.value) else {
            throw SentinelError(
                .unknownProtocol, in: "multiaddr", at: start,
                remedy: "code \(code.value) is not in the multiaddr table")
        }
        var offset = start + code.byteCount
        let count: Int
        switch kind.shape {
        case .none: count = 0
        case .fixed(let size): count = size
        case .prefixed, .path:
            let length = try readVarint(bytes, at: offset, element: "\(kind)")
            offset += length.byteCount
            count = Int(length.value)
        }
        guard bytes.count - offset >= count else {
            throw SentinelError(
                .truncated, in: "\(kind)", at: offset,
                remedy: "\(count) bytes of value must follow, \(bytes.count - offset) do")
        }
        return Place(protocol: kind, value: offset..<(offset + count))
    }

    private static func readVarint(
        _ bytes: UnsafeRawBufferPointer, at offset: Int, element: String
    ) throws(SentinelError) -> Varint.Value {
        do {
            return try Varint.read(UnsafeRawBufferPointer(rebasing: bytes[offset...]))
        } catch {
            let code: SentinelError.Code =
                switch error {
                case .truncated: .truncated
                case .malformed: .malformed
                case .outOfRange: .outOfRange
                }
            throw SentinelError(
                code, in: element, at: offset, remedy: "a varint of 32 bits in its shortest form")
        }
    }
}

extension SentinelError {
    /// The same fault within something larger.
    func rebased(by base: Int, element: String) -> SentinelError {
        SentinelError(code, in: element, at: base + (offset ?? 0), remedy: remedy)
    }
}
