// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Varlink

extension HelperInterface {
    /// ``HelperInterface/history``
    public enum History {
        /// All that is given must hold.
        public struct Parameters: Codable, Hashable, Sendable {
            public var filter: Filter?
            /// Of those that have a ban.
            public var kinds: [EventKind]?
            /// From this moment on.
            public var since: Timestamp?
            /// Before this moment.
            public var until: Timestamp?
            /// So many at most, from 1 on. Absent: all there is, or 1000 where the call doesn't ask for more.
            public var limit: Int?

            public init(
                filter: Filter? = nil, kinds: [EventKind]? = nil, since: Timestamp? = nil,
                until: Timestamp? = nil,
                limit: Int? = nil
            ) {
                self.filter = filter
                self.kinds = kinds
                self.since = since
                self.until = until
                self.limit = limit
            }
        }

        public struct Reply: Codable, Hashable, Sendable {
            /// The latest first.
            public var events: [Event]

            public init(events: [Event]) {
                self.events = events
            }
        }
    }

    /// There is no history to be had.
    public struct HistoryUnavailable: VarlinkErrorReply, Hashable {
        public static let name = "org.seedsentinel.Helper.HistoryUnavailable"
        /// What is missing, and the remedy.
        public var message: String

        public init(message: String) {
            self.message = message
        }
    }
}
