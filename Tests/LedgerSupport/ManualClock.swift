// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Ledger
import Synchronization

/// Clocks that are set by hand, in milliseconds.
public final class ManualClock: Sendable {
    private let times: Mutex<(monotonic: Int64, wall: Int64)>

    public init(monotonic: Int64 = 1_000_000, wall: Int64 = 1_800_000_000_000) {
        times = Mutex((monotonic, wall))
    }

    public func set(monotonic: Int64? = nil, wall: Int64? = nil) {
        times.withLock { times in
            times.monotonic = monotonic ?? times.monotonic
            times.wall = wall ?? times.wall
        }
    }

    public func advance(by milliseconds: Int64) {
        times.withLock { times in
            times.monotonic += milliseconds
            times.wall += milliseconds
        }
    }

    public var monotonic: Int64 { times.withLock { $0.monotonic } }
    public var wall: Int64 { times.withLock { $0.wall } }

    /// What a ledger is given.
    public func clock(boot: String = "boot") -> LedgerClock {
        LedgerClock(boot: boot, monotonic: { self.monotonic }, wall: { self.wall })
    }
}
