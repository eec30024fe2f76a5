// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SentinelProtocol
import Testing
import Varlink

/// Somebody who watches, event by event.
struct Watcher {
    var replies: VarlinkReplies<HelperInterface.Watch.Reply>.Iterator
    private var pending: ArraySlice<Event> = []

    init(replies: VarlinkReplies<HelperInterface.Watch.Reply>.Iterator) { self.replies = replies }

    /// The next event, whenever it comes.
    mutating func next() async throws -> Event {
        while pending.isEmpty { pending = try #require(try await replies.next()).events[...] }
        return pending.removeFirst()
    }

    /// The next event of a kind; what comes before is passed over.
    mutating func next(_ kind: EventKind) async throws -> Event {
        while true {
            let event = try await next()
            if event.kind == kind { return event }
        }
    }
}
