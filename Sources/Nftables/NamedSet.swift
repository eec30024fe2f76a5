// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

/// A named set of elements that rules look keys up in.
public struct NamedSet: Hashable, Sendable {
    /// A set's flags (`enum nft_set_flags`).
    public struct Flags: OptionSet, Hashable, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Elements are ends of intervals.
        public static let interval = Flags(rawValue: NFT_SET_INTERVAL.rawValue)
        /// Elements may have a timeout.
        public static let timeout = Flags(rawValue: NFT_SET_TIMEOUT.rawValue)
        /// Never changes once a rule refers to it.
        public static let constant = Flags(rawValue: NFT_SET_CONSTANT.rawValue)
        /// Rules may add elements.
        public static let dynamic = Flags(rawValue: NFT_SET_EVAL.rawValue)

        static let anonymous = Flags(rawValue: NFT_SET_ANONYMOUS.rawValue)
    }

    public var table: Table
    public var name: String
    public var keyType: KeyType
    public var flags: Flags
    /// How many elements it may hold; nil: no limit but the kernel's memory.
    public var size: UInt32?
    /// What elements without a timeout of their own get.
    public var timeout: Duration?
    /// Whether each element counts the packets and bytes that matched it. Costs memory per element and
    /// processor.
    public var hasCounters: Bool
    /// The kernel's own number for it, as the kernel reports it.
    public var handle: UInt64?
    /// How many elements it holds, or intervals where it holds those, as the kernel reports it. Kernel 6.16; nil
    /// before. Those that have expired count until they are collected.
    public var count: UInt32?
    /// What the kernel keeps it in, "rhash", "rbtree" or "pipapo", as the kernel reports it. Kernel 6.16 with
    /// its symbols built in; nil else.
    public var backend: String?

    public init(
        _ table: Table, _ name: String, key keyType: KeyType, flags: Flags = [], size: UInt32? = nil,
        timeout: Duration? = nil, hasCounters: Bool = false
    ) {
        self.table = table
        self.name = name
        self.keyType = keyType
        self.flags = flags
        self.size = size
        self.timeout = timeout
        self.hasCounters = hasCounters
    }

    /// A name to ask for, where nothing else of the set matters.
    public static func named(_ name: String, in table: Table) -> NamedSet {
        NamedSet(table, name, key: KeyType(.mark))
    }
}

extension NamedSet: CustomStringConvertible {
    public var description: String { "\(table) \(name)" }
}
