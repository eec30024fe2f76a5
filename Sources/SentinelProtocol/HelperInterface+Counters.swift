// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// How many events of one kind there were, since the helper runs.
public struct EventCount: Codable, Hashable, Sendable {
    public var kind: EventKind
    public var check: Check
    /// Reasons beyond the first 200 are counted as "other".
    public var reason: String
    public var count: Int64

    public init(kind: EventKind, check: Check, reason: String, count: Int64) {
        self.kind = kind
        self.check = check
        self.reason = reason
        self.count = count
    }
}

extension HelperInterface {
    /// ``HelperInterface/counters``
    public enum Counters {
        public struct Reply: Codable, Hashable, Sendable {
            /// Without their elements.
            public var sets: [SetInfo]
            public var events: [EventCount]

            public init(sets: [SetInfo], events: [EventCount]) {
                self.sets = sets
                self.events = events
            }
        }
    }
}
