// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Synchronization

@testable import SentinelHelper

/// A clock that stands still until it is turned. The kernel's own goes on: what the helper thinks is over is still
/// there in the kernel.
final class ManualClock: Sendable {
    private let now = Mutex<Int64>(1_000_000_000)

    /// 1970 begins where the monotonic clock does.
    var host: HostClock {
        HostClock(monotonic: { self.milliseconds }, wall: { self.milliseconds })
    }

    var milliseconds: Int64 { now.withLock { $0 } }

    func advance(by duration: Duration) {
        now.withLock { $0 += duration.components.seconds * 1000 }
    }
}
