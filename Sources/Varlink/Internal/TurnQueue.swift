// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore

/// Whose calls are answered next: the users that have some take turns, and each user's connections do. So a caller waits
/// for as many turns as there are users with calls, whatever the number of their connections and calls.
final class TurnQueue {
    private let eventLoop: any EventLoop
    private var users = CircularBuffer<CallerAccount>()
    private var isScheduled = false

    /// How long turns are taken before the loop looks after its sockets: or it would hear of no new call before all old
    /// ones are answered.
    private static let longest = TimeAmount.milliseconds(2)
    /// What the loop runs at once isn't done before it looks; this is.
    static let pause = TimeAmount.microseconds(10)

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Gives a connection its turn, behind the others. It mustn't be in the queue.
    func add(_ connection: ServiceConnection, of account: CallerAccount) {
        account.waiting.append(connection)
        if !account.isInQueue {
            account.isInQueue = true
            users.append(account)
        }
        guard !isScheduled else { return }
        isScheduled = true
        eventLoop.assumeIsolated().execute { self.takeTurns() }
    }

    private func takeTurns() {
        let end = NIODeadline.now() + Self.longest
        while let account = users.popFirst() {
            let connection = account.waiting.popFirst()
            account.isInQueue = !account.waiting.isEmpty
            if account.isInQueue { users.append(account) }
            connection?.takeTurn()
            if NIODeadline.now() >= end { break }
        }
        isScheduled = !users.isEmpty
        guard isScheduled else { return }
        eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { self.takeTurns() }
    }
}
