// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Synchronization

/// How many places are taken, up to a limit.
final class Occupancy: Sendable {
    private let taken = Atomic<Int>(0)

    /// Takes a place, if one is left.
    func enter(limit: Int) -> Bool {
        guard taken.add(1, ordering: .relaxed).newValue > limit else { return true }
        leave()
        return false
    }

    func leave() {
        taken.subtract(1, ordering: .relaxed)
    }
}
