// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import SentinelProtocol

extension HandOver {
    /// What has happened so far.
    ///
    /// Every denial that is queued ends in one of the others:
    /// `enqueued == submitted + rejected + dropped + lapsed + pending`.
    public struct Statistics: Hashable, Sendable {
        /// Denials that were queued; what was merged isn't counted again.
        public var enqueued = 0
        /// Denials that became part of one that was queued already.
        public var merged = 0
        /// Denials that a full queue let go.
        public var dropped = 0
        /// Denials whose time was over before the helper could be reached.
        public var lapsed = 0
        /// Denials that the helper can't read.
        public var rejected = 0
        /// Denials that the helper has answered.
        public var submitted = 0
        /// Those of them that the kernel enforces.
        public var enforced = 0
        /// Those of them that the kernel only counts: their check is in shadow at the helper.
        public var shadowed = 0
        /// The others, by why.
        public var refused: [RefusalCode: Int] = [:]
        /// Calls that carried them.
        public var batches = 0
        /// Denials that stay in user space because the source hasn't proved its address.
        public var unvalidated = 0
        /// Denials that stay in user space because the kernel can't match the address.
        public var unmatchable = 0
        /// Endpoints of denied peers that aren't blocked: another peer has shown that it lives there, or the peer
        /// has too many.
        public var spared = 0
        /// Connections that the node was told to close, because a ban covers them.
        public var closed = 0
        /// Connections that came when as many were open as are kept in mind: no ban closes them.
        public var untracked = 0
        /// How many addresses of protected peers the helper guards, as far as it could be told.
        public var guarded = 0
        /// How many more there are.
        public var unguarded = 0
        /// Notices that came faster than the observer took them.
        public var missedNotices = 0
        /// How often the helper was reached again after it had been away.
        public var reconnects = 0
        /// How the way to the helper is now.
        public var link = Link.unused
        /// Denials that the helper has not answered yet.
        public var pending = 0

        public init() {}
    }
}
