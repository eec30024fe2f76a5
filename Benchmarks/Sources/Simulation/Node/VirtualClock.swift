// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Sentinel
internal import Synchronization

/// The time of a simulation, which only the simulation moves.
final class VirtualClock: Sendable {
    private let nanoseconds = Atomic<Int64>(0)

    var now: MonotonicInstant {
        get { MonotonicInstant(nanoseconds: nanoseconds.load(ordering: .relaxed)) }
        set { nanoseconds.store(newValue.nanoseconds, ordering: .relaxed) }
    }
}

extension Int64 {
    /// So many seconds in nanoseconds.
    static func seconds(_ seconds: Double) -> Int64 { Int64(seconds * 1e9) }
}
