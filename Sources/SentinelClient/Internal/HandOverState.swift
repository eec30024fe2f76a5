// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import DequeModule
internal import Sentinel

/// What a ``HandOver`` keeps under its lock.
struct HandOverState: Sendable {
    typealias Bell = AsyncStream<Void>.Continuation

    var queue: DenialQueue
    /// What the numbers of calls belong to, unlike that of any other hand-over.
    let session: String
    /// The number of the last call.
    var sequence: Int64 = 0
    /// The call that was sent and, as far as is known, not answered.
    var unanswered: Dispatch?
    var statistics = HandOver.Statistics()
    let hasObserver: Bool
    /// Wakes the courier; nil while it doesn't run.
    var bell: Bell?
    /// Whether the courier waits for something to do.
    var isIdle = false
    /// Whether the courier is to end once all is handed over.
    var isStopping = false
    /// Ends the courier when its time is over.
    var deadline: Task<Void, Never>?
    private var notices = Deque<HandOver.Notice>()
    private let noticeCapacity: Int

    init(_ configuration: HandOver.Configuration, hasObserver: Bool) {
        queue = DenialQueue(capacity: configuration.capacity)
        noticeCapacity = configuration.noticeCapacity
        var generator = SystemRandomNumberGenerator()
        session = (0..<2).map { _ in String(generator.next(), radix: 36) }.joined(separator: "-")
        self.hasObserver = hasObserver
    }

    mutating func add(_ denial: PendingDenial) {
        switch queue.add(denial) {
        case .merged: statistics.merged += 1
        case .queued: statistics.enqueued += 1
        case .displaced(let displaced):
            statistics.enqueued += 1
            drop(displaced)
        case .refused:
            statistics.enqueued += 1
            drop(denial)
        }
    }

    private mutating func drop(_ denial: PendingDenial) {
        statistics.dropped += 1
        guard hasObserver else { return }
        note(.dropped(subject: denial.subject.text, reason: denial.reason))
    }

    /// Keeps a notice for the observer.
    mutating func note(_ notice: HandOver.Notice) {
        guard hasObserver else { return }
        guard notices.count < noticeCapacity else {
            statistics.missedNotices += 1
            return
        }
        notices.append(notice)
    }

    /// The oldest notices, a few at a time.
    mutating func takeNotices() -> [HandOver.Notice] {
        let taken = Array(notices.prefix(HandOver.chunk))
        notices.removeFirst(taken.count)
        return taken
    }

    /// The bell where the courier sleeps. It is to be rung outside the lock, once.
    mutating func takeBell() -> Bell? {
        guard isIdle else { return nil }
        isIdle = false
        return bell
    }
}
