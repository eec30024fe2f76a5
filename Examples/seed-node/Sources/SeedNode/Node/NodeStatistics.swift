// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Sentinel
internal import Synchronization

/// What a node counts, from any thread.
public final class NodeStatistics: Sendable {
    /// What happened.
    enum Event: Int, CaseIterable {
        /// An inbound connection came to the accept check.
        case attempt
        /// An inbound connection found the node full, and no check was asked.
        case full
        /// A UDP source asked for a cookie.
        case knock
        /// A connection passed all checks.
        case established
        /// A connection that had been established ended.
        case closed
        /// The other side opened a stream.
        case stream
    }

    /// The counts of one moment.
    public struct Snapshot: Hashable, Sendable {
        /// Inbound connections that came to the accept check.
        public var attempts = 0
        /// Inbound connections that found the node full.
        public var full = 0
        /// UDP sources that asked for a cookie.
        public var knocks = 0
        /// Connections that passed all checks, inbound and outbound.
        public var handshakes = 0
        /// Connections that are established now.
        public var connections = 0
        /// Streams that the other side opened.
        public var streams = 0
        /// Denials by check; those that never denied are absent.
        public var denials: [Check: Int] = [:]
    }

    private let events: [Counter] = Event.allCases.map { _ in Counter() }
    private let denials: [Check: Counter] = Dictionary(
        uniqueKeysWithValues: Check.allCases.map { ($0, Counter()) })

    /// An atomic is not copyable, so it can't stand in an array itself.
    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }

    func count(_ event: Event) {
        events[event.rawValue].value.add(1, ordering: .relaxed)
    }

    func count(denial: Check) {
        denials[denial]?.value.add(1, ordering: .relaxed)
    }

    /// The counts by now. They are read one after the other: while the node runs, they need not add up.
    public var snapshot: Snapshot {
        func read(_ event: Event) -> Int { events[event.rawValue].value.load(ordering: .relaxed) }
        return Snapshot(
            attempts: read(.attempt), full: read(.full), knocks: read(.knock),
            handshakes: read(.established), connections: read(.established) - read(.closed),
            streams: read(.stream),
            denials: denials.mapValues { $0.value.load(ordering: .relaxed) }.filter { $0.value > 0 })
    }
}
