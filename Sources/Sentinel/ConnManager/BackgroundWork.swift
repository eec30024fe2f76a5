// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What wakes background work, and whether there may be any.
final class BackgroundWork: Sendable {
    private struct State {
        var isClosed = false
        var wakes: AsyncStream<Void>.Continuation?
    }

    private let state = Guarded(State())

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Whether the work may begin, which `wakes` is to wake: not where there is some already, or after the
    /// close.
    func begin(_ wakes: AsyncStream<Void>.Continuation) -> Bool {
        state.withLock { state in
            guard !state.isClosed, state.wakes == nil else { return false }
            state.wakes = wakes
            return true
        }
    }

    /// The work has ended, so other may begin.
    func end() {
        state.withLock { $0.wakes = nil }
    }

    /// Wakes the work, where there is some.
    func wake() {
        state.withLock { $0.wakes }?.yield()
    }

    /// Ends the work.
    func close() {
        let wakes = state.withLock { state in
            state.isClosed = true
            return state.wakes
        }
        wakes?.finish()
    }
}
