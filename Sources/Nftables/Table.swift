// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

/// A table: what holds chains and sets together.
public struct Table: Hashable, Sendable {
    /// A table's flags (`enum nft_table_flags`).
    public struct Flags: OptionSet, Hashable, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Its chains see no packets.
        public static let dormant = Flags(rawValue: NFT_TABLE_F_DORMANT.rawValue)
        /// Only the socket that created it can change it, a flush of the whole ruleset passes it by, and it goes
        /// when that socket is closed. Kernel 5.12.
        public static let owner = Flags(rawValue: NFT_TABLE_F_OWNER.rawValue)
        /// With ``owner``: it stays when the owning socket is closed, and can be adopted by adding it again with
        /// both flags. Kernel 6.9.
        public static let persist = Flags(rawValue: UInt32(NFT_TABLE_F_PERSIST))
    }

    public var family: Family
    public var name: String
    public var flags: Flags
    /// Shown by `nft list`; at most 127 bytes.
    public var comment: String?
    /// The netlink port of the owning socket, as the kernel reports it.
    public var owner: UInt32?
    /// The kernel's own number for it, as the kernel reports it.
    public var handle: UInt64?

    public init(_ family: Family, _ name: String, flags: Flags = [], comment: String? = nil) {
        self.family = family
        self.name = name
        self.flags = flags
        self.comment = comment
    }
}

extension Table: CustomStringConvertible {
    /// As nft writes it: `inet sentinel`.
    public var description: String { "\(family) \(name)" }
}
