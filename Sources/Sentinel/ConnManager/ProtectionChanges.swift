// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Tells an observer who becomes protected and who no longer is, in the order in which it comes about, and
/// outside of every lock.
///
/// A change is noted under the lock that it is made under, so the order is the true one. Whoever then finds
/// nobody else telling tells all that has been noted.
final class ProtectionChanges: Sendable {
    private struct State {
        var changes: [(peer: PeerID, isProtected: Bool)] = []
        var isDelivering = false
    }

    private let state = Guarded(State())
    private let observer: @Sendable (PeerID, Bool) -> Void

    init(_ observer: @escaping @Sendable (PeerID, Bool) -> Void) {
        self.observer = observer
    }

    /// Notes a change, to be called under the lock of the peer's segment.
    func append(_ peer: PeerID, isProtected: Bool) {
        state.withLock { $0.changes.append((peer, isProtected)) }
    }

    /// Tells what has been noted, to be called under no lock. The observer may cause further changes.
    func deliver() {
        let begins = state.withLock { state in
            guard !state.isDelivering else { return false }
            state.isDelivering = true
            return true
        }
        guard begins else { return }
        while true {
            let changes = state.withLock { state in
                let changes = state.changes
                state.changes = []
                state.isDelivering = !changes.isEmpty
                return changes
            }
            guard !changes.isEmpty else { return }
            for change in changes { observer(change.peer, change.isProtected) }
        }
    }
}
