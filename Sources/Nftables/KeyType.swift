// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What a set's keys are made of: one field, or several one after another.
///
/// The kernel knows only lengths; the numbers are nft's own (include/datatype.h), stored with the set so that
/// `nft list` can print its keys.
public struct KeyType: Hashable, Sendable {
    /// One field of a key.
    public struct Field: Hashable, Sendable {
        /// nft's name for it: `ipv4_addr`.
        public let name: String
        /// In bytes, without padding.
        public let length: Int
        /// nft's number for it.
        let number: UInt32
        /// Whether nft reads it as a number of the host's byte order.
        let isHostOrder: Bool

        public static let ipv4Address = Field(name: "ipv4_addr", length: 4, number: 7, isHostOrder: false)
        public static let ipv6Address = Field(name: "ipv6_addr", length: 16, number: 8, isHostOrder: false)
        public static let inetProtocol = Field(name: "inet_proto", length: 1, number: 12, isHostOrder: false)
        public static let inetService = Field(name: "inet_service", length: 2, number: 13, isHostOrder: false)
        public static let mark = Field(name: "mark", length: 4, number: 19, isHostOrder: true)
        public static let uid = Field(name: "uid", length: 4, number: 24, isHostOrder: true)

        static let known: [Field] = [.ipv4Address, .ipv6Address, .inetProtocol, .inetService, .mark, .uid]

        /// In a key of several fields each takes whole 4-byte registers.
        var paddedLength: Int { (length + 3) & ~3 }
    }

    public let fields: [Field]

    /// A key of these fields, one to five of them.
    public init(_ fields: Field...) {
        precondition((1...5).contains(fields.count))
        self.fields = fields
    }

    private init(fields: [Field]) { self.fields = fields }

    /// In bytes, with the padding between fields.
    public var length: Int {
        fields.count == 1 ? fields[0].length : fields.reduce(0) { $0 + $1.paddedLength }
    }

    /// nft packs the numbers of a concatenation's fields six bits each, the first highest.
    var number: UInt32 { fields.reduce(0) { $0 << 6 | $1.number } }

    /// The type with this number; nil where it has a field that isn't known here.
    init?(number: UInt32) {
        var rest = number
        var fields: [Field] = []
        repeat {
            guard let field = Field.known.first(where: { $0.number == rest & 63 }) else { return nil }
            fields.insert(field, at: 0)
            rest >>= 6
        } while rest != 0
        self.init(fields: fields)
    }
}

extension KeyType: CustomStringConvertible {
    /// As nft writes it: `ipv4_addr . inet_proto . inet_service`.
    public var description: String { fields.map(\.name).joined(separator: " . ") }
}
