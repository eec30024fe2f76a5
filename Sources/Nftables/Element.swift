// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// An element of a set.
public struct Element: Hashable, Sendable {
    /// What an element has counted.
    public struct Counter: Hashable, Sendable {
        public var packets: UInt64
        public var bytes: UInt64

        public init(packets: UInt64 = 0, bytes: UInt64 = 0) {
            self.packets = packets
            self.bytes = bytes
        }

        /// Both together. Counters wrap around, as the kernel's do.
        public static func + (a: Self, b: Self) -> Self {
            Self(packets: a.packets &+ b.packets, bytes: a.bytes &+ b.bytes)
        }
    }

    public var key: ElementKey
    /// In an interval set: this is where an interval ends, the first key that is no longer in it.
    public var isIntervalEnd: Bool
    /// How long it stays from when it is added; nil: the set's default, `.zero`: for good. The kernel counts in
    /// milliseconds; what is less is rounded up.
    public var timeout: Duration?
    /// How much of the timeout is left; nil when adding: all of it. More than the timeout is refused.
    public var expiration: Duration?
    /// When adding to a set with counters: where counting starts.
    public var counter: Counter?
    /// Shown by `nft list`; at most 127 bytes, what is more is cut at a character's start.
    public var comment: String?

    public init(
        _ key: ElementKey, isIntervalEnd: Bool = false, timeout: Duration? = nil, expiration: Duration? = nil,
        counter: Counter? = nil, comment: String? = nil
    ) {
        self.key = key
        self.isIntervalEnd = isIntervalEnd
        self.timeout = timeout
        self.expiration = expiration
        self.counter = counter
        self.comment = comment
    }
}

extension Duration {
    /// In whole milliseconds, rounded up, never negative and never more than a quarter of the kernel's 64 bits
    /// (which nf_tables would refuse).
    var kernelMilliseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let limit = UInt64.max / 4
        guard UInt64(seconds) < limit / 1000 else { return limit }
        return UInt64(seconds) * 1000 + (UInt64(attoseconds) + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
