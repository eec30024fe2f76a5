// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore

/// What one user has of the service: connections, and what is left of his rates. All his connections share it.
final class CallerAccount {
    let user: UInt32
    private(set) var connections: [ObjectIdentifier: ServiceConnection] = [:]
    /// The connections that wait for their turn; see ``TurnQueue``.
    var waiting = CircularBuffer<ServiceConnection>()
    var isInQueue = false
    private var calls: TokenBucket
    private var work: TokenBucket

    init(user: UInt32, _ limits: VarlinkService.Limits, now: NIODeadline) {
        self.user = user
        calls = TokenBucket(limits.calls, now: now)
        work = TokenBucket(limits.work, now: now)
    }

    func add(_ connection: ServiceConnection) { connections[ObjectIdentifier(connection)] = connection }

    func remove(_ connection: ServiceConnection) { connections[ObjectIdentifier(connection)] = nil }

    /// How many bytes are held for the user: calls that aren't whole or wait for their turn, and replies that weren't
    /// taken. One reply may be longer than any bound (it tells what was done); beyond the bound of its connection it
    /// isn't counted, so that it costs the user no other connection.
    func heldBytes(_ limits: VarlinkService.Limits) -> Int {
        connections.values.reduce(unreadBytes(limits)) { $0 + $1.heldInput }
    }

    /// How many of them are of replies.
    func unreadBytes(_ limits: VarlinkService.Limits) -> Int {
        connections.values.reduce(0) { $0 + min($1.pendingBytes, limits.unsentBytes) }
    }

    /// How long the user's next call has to wait; nil: not at all.
    func delay(_ limits: VarlinkService.Limits, now: NIODeadline) -> TimeAmount? {
        let delays = [calls.delay(limits.calls, now: now), work.delay(limits.work, now: now)]
        return delays.compactMap(\.self).max()
    }

    /// A call of the user's is taken.
    func takeCall(_ limits: VarlinkService.Limits, now: NIODeadline) {
        calls.take(1, limits.calls, now: now)
    }

    /// A call of the user's turns out to be so much work.
    func charge(_ count: Int, _ limits: VarlinkService.Limits, now: NIODeadline) {
        work.take(count, limits.work, now: now)
    }

    /// Whether nothing is lost by forgetting the account.
    func isForgettable(_ limits: VarlinkService.Limits, now: NIODeadline) -> Bool {
        connections.isEmpty && calls.isFull(limits.calls, now: now) && work.isFull(limits.work, now: now)
    }
}
