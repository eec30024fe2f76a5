// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet
internal import Synchronization

/// What came of a flood's connections so far, from any thread.
public final class FloodTally: Sendable {
    /// What came of one connection.
    public enum Outcome: String, Hashable, Sendable, CaseIterable {
        /// The node finished the handshake and was ready for streams.
        case served
        /// The node, or its host, said no.
        case refused
        /// Nobody answered: what the kernel drops looks like this.
        case timeout
        /// A kernel said that there is no way.
        case unreachable
        /// This side ran out of ports or descriptors, or heard nonsense.
        case failed
    }

    /// The counts of one source, or of all.
    public struct Counts: Hashable, Sendable {
        public var outcomes: [Outcome: Int] = [:]

        /// How many there were with this outcome.
        public subscript(outcome: Outcome) -> Int { outcomes[outcome] ?? 0 }

        /// How many connections ended.
        public var attempts: Int { outcomes.values.reduce(0, +) }
    }

    private struct State {
        var all = Counts()
        var bySource: [IPAddress: Counts] = [:]
        var inFlight = 0
        var skipped = 0
    }

    private let state = Mutex(State())

    public init() {}

    /// Over all sources.
    public var all: Counts { state.withLock(\.all) }

    /// By source, as far as sources were given.
    public var bySource: [IPAddress: Counts] { state.withLock(\.bySource) }

    /// How many are under way.
    public var inFlight: Int { state.withLock(\.inFlight) }

    /// How many were due while too many were under way.
    public var skipped: Int { state.withLock(\.skipped) }

    /// Whether one more may begin.
    func begin(limit: Int) -> Bool {
        state.withLock { state in
            guard state.inFlight < limit else {
                state.skipped += 1
                return false
            }
            state.inFlight += 1
            return true
        }
    }

    func end(_ source: IPAddress?, _ outcome: Outcome) {
        state.withLock { state in
            state.inFlight -= 1
            state.all.outcomes[outcome, default: 0] += 1
            if let source { state.bySource[source, default: Counts()].outcomes[outcome, default: 0] += 1 }
        }
    }
}

extension FloodTally.Outcome {
    init(_ error: DialError) {
        switch error {
        case .refused: self = .refused
        case .timeout: self = .timeout
        case .unreachable: self = .unreachable
        case .denied, .handshake, .local, .noEndpoint: self = .failed
        }
    }
}
