// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol
internal import Varlink

/// Somebody who watches.
struct Subscriber {
    let call: VarlinkCall
    /// How many events were left out because the caller didn't take what it had.
    var missed = 0
}

extension Helper {
    /// Events from now on, until the connection closes.
    func watch(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.submit, call.peer)
        try call.requireMore()
        subscribers[call.id] = Subscriber(call: call)
        call.onClose(on: self) { helper in helper.subscribers[call.id] = nil }
        // From here on nothing is missed without being told.
        call.replyContinuing(HelperInterface.Watch.Reply(events: []))
    }

    /// Tells all who watch. Who doesn't take his events isn't waited for: when he takes them again, he is told how
    /// many he missed.
    func publish(_ events: [Event]) {
        guard !events.isEmpty, !subscribers.isEmpty else { return }
        for id in subscribers.keys {
            guard let subscriber = subscribers[id] else { continue }
            if subscriber.missed == 0, subscriber.call.isWritable {
                send(events, to: subscriber.call)
                continue
            }
            if subscriber.missed == 0 {
                subscriber.call.whenWritable(on: self) { helper in helper.catchUp(id) }
            }
            subscribers[id]?.missed += events.count
        }
    }

    private func catchUp(_ id: UInt64) {
        guard let subscriber = subscribers[id], subscriber.missed > 0 else { return }
        subscribers[id]?.missed = 0
        send(
            [Event(kind: .lost, time: Timestamp(rawValue: clock.wall()), missed: subscriber.missed)],
            to: subscriber.call)
    }

    /// In replies of a size that a client takes.
    private func send(_ events: [Event], to call: VarlinkCall) {
        var rest = events[...]
        while !rest.isEmpty {
            call.replyContinuing(HelperInterface.Watch.Reply(events: Array(rest.prefix(Self.eventsPerReply))))
            rest = rest.dropFirst(Self.eventsPerReply)
        }
    }

    private static var eventsPerReply: Int { 1000 }
}
