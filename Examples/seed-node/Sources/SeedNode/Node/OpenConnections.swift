// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import NIOCore
internal import Sentinel
internal import Synchronization

/// The connections that have a transport, so that any thread can have one closed by its id.
final class OpenConnections: Sendable {
    private typealias Bound = NIOLoopBound<ConnectionDriver>

    private let drivers = Mutex<[Connection.ID: Bound]>([:])

    /// Called on the loop, which the driver is bound to.
    func enter(_ driver: ConnectionDriver, on loop: any EventLoop) {
        let bound = Bound(driver, eventLoop: loop)
        let id = driver.connection.info.id
        drivers.withLock { $0[id] = bound }
    }

    func leave(_ id: Connection.ID) {
        drivers.withLock { _ = $0.removeValue(forKey: id) }
    }

    /// Closes a connection soon, and tells the other side why where there is a way to. Nothing where it is gone.
    func close(_ id: Connection.ID, _ reason: DisconnectReason) {
        guard let bound = drivers.withLock({ $0[id] }) else { return }
        bound.execute { $0.close(reason) }
    }
}

extension NIOLoopBound<ConnectionDriver> {
    /// Calls `body` on the loop, later: whoever asks may be on the loop himself, in the middle of something.
    fileprivate func execute(_ body: @escaping @Sendable (ConnectionDriver) -> Void) {
        eventLoop.execute { body(value) }
    }
}
