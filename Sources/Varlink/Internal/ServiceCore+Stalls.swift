// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore

extension ServiceCore {
    /// From now on, clients that don't read what waits for them are found and closed. A client that has read all is
    /// never one of them, however long it says nothing.
    func lookForStalls() {
        stallWatch?.cancel()
        let patience = TimeAmount(limits.stalledAfter)
        let interval = TimeAmount.nanoseconds(max(patience.nanoseconds / 4, 1_000_000))
        let core = NIOLoopBound(self, eventLoop: eventLoop)
        stallWatch = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            core.value.closeStalled()
        }
    }

    private func closeStalled() {
        let (now, patience) = (eventLoop.now, TimeAmount(limits.stalledAfter))
        for connection in connections.values where connection.isStalled(at: now, patience) {
            connection.drop(because: .stalled(limits.stalledAfter))
        }
    }
}
