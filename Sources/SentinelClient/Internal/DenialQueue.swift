// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import DequeModule
internal import Sentinel

/// The denials that the helper has not answered yet: those that wait, and those that are on their way to it. At
/// most so many, one a subject. Adding takes the same time however many there are.
struct DenialQueue: Sendable {
    /// What became of a denial that was added.
    enum Outcome {
        case queued
        /// It is part of one that is there already.
        case merged
        /// It was queued, and this one had to go for it.
        case displaced(PendingDenial)
        /// All that is there is worth more, so it had to go itself.
        case refused
    }

    private struct Travelling {
        var denial: PendingDenial
        /// What has been asked for since, where that is more.
        var next: PendingDenial?
    }

    private let capacity: Int
    private var waiting: [PendingDenial.Key: PendingDenial] = [:]
    private var travelling: [PendingDenial.Key: Travelling] = [:]
    /// Keys of `waiting` in their order. Whom this node dials it chooses itself, while an attacker chooses how
    /// many addresses come to it: so dials are worth more.
    private var dials = Deque<PendingDenial.Key>()
    private var accepts = Deque<PendingDenial.Key>()
    private var nextOrder: UInt64 = 0

    /// - Parameter capacity: less than one counts as one. Memory for all of them is set aside, but not touched, so
    ///   that no denial ever has to wait until others are moved.
    init(capacity: Int) {
        self.capacity = max(1, capacity)
        waiting.reserveCapacity(self.capacity)
        accepts.reserveCapacity(self.capacity)
    }

    /// How many there are in all.
    var count: Int { waiting.count + travelling.count }

    mutating func add(_ denial: PendingDenial) -> Outcome {
        let key = denial.key
        if let index = travelling.index(forKey: key) {
            update(&travelling.values[index], with: denial)
            return .merged
        }
        if let index = waiting.index(forKey: key) {
            waiting.values[index].merge(denial)
            return .merged
        }
        guard count >= capacity else {
            append(denial)
            return .queued
        }
        guard let displaced = makeRoom(for: denial) else { return .refused }
        append(denial)
        return .displaced(displaced)
    }

    private func update(_ travelling: inout Travelling, with denial: PendingDenial) {
        if let deniedPeer = denial.deniedPeer { travelling.denial.deniedPeer = deniedPeer }
        if travelling.next != nil {
            travelling.next?.merge(denial)
        } else if denial.asksForMore(than: travelling.denial) {
            travelling.next = travelling.denial
            travelling.next?.merge(denial)
        }
    }

    private mutating func append(_ denial: PendingDenial) {
        var denial = denial
        denial.order = nextOrder
        nextOrder += 1
        waiting[denial.key] = denial
        switch denial.subject {
        case .source, .network: accepts.append(denial.key)
        case .endpoint: dials.append(denial.key)
        }
    }

    /// Takes the oldest of the least valuable out. nil where all are worth more than `denial`, or on their way.
    private mutating func makeRoom(for denial: PendingDenial) -> PendingDenial? {
        if let key = accepts.popFirst() { return waiting.removeValue(forKey: key) }
        guard case .endpoint = denial.subject, let key = dials.popFirst() else { return nil }
        return waiting.removeValue(forKey: key)
    }

    // MARK: On the way

    /// Takes the oldest ones out, to be sent.
    ///
    /// - Returns: those that are still due, and those whose time is over, which are forgotten.
    mutating func take(atMost limit: Int, now: MonotonicInstant) -> (
        due: [PendingDenial], over: [PendingDenial]
    ) {
        var due: [PendingDenial] = []
        var over: [PendingDenial] = []
        while due.count + over.count < limit, let denial = popOldest() {
            if let deadline = denial.deadline, deadline <= now {
                over.append(denial)
            } else {
                travelling[denial.key] = Travelling(denial: denial)
                due.append(denial)
            }
        }
        return (due, over)
    }

    private mutating func popOldest() -> PendingDenial? {
        let key: PendingDenial.Key? =
            switch (accepts.first.flatMap { waiting[$0]?.order }, dials.first.flatMap { waiting[$0]?.order })
            {
            case (let accept?, let dial?): accept < dial ? accepts.popFirst() : dials.popFirst()
            case (.some, nil): accepts.popFirst()
            case (nil, _): dials.popFirst()
            }
        return key.flatMap { waiting.removeValue(forKey: $0) }
    }

    /// Forgets one that was answered. Where more has been asked for since, that waits now.
    ///
    /// - Returns: what was answered, nil where it isn't on its way; and whether more waits.
    mutating func finish(_ key: PendingDenial.Key) -> (denial: PendingDenial, hasNext: Bool)? {
        guard let entry = travelling.removeValue(forKey: key) else { return nil }
        if let next = entry.next { append(next) }
        return (entry.denial, entry.next != nil)
    }

    /// Puts all that are on their way back, each to its old place.
    ///
    /// - Parameter kept: those that are still on their way: whether they have arrived isn't known.
    mutating func takeBack(but kept: Set<PendingDenial.Key> = []) {
        let back = travelling.filter { !kept.contains($0.key) }
        let denials = back.values.map { $0.next ?? $0.denial }.sorted { $0.order > $1.order }
        for key in back.keys { travelling[key] = nil }
        for denial in denials {
            waiting[denial.key] = denial
            switch denial.subject {
            case .source, .network: accepts.prepend(denial.key)
            case .endpoint: dials.prepend(denial.key)
            }
        }
    }
}
