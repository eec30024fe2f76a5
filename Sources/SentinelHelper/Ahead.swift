// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Dispatch
internal import Synchronization

/// A value that another thread makes, while this one goes on until it needs it.
final class Ahead<Value: Sendable>: Sendable {
    private let made = Mutex<Value?>(nil)
    private let isMade = DispatchSemaphore(value: 0)

    init(_ make: @escaping @Sendable () -> Value) {
        DispatchQueue.global().async {
            let value = make()
            self.made.withLock { $0 = value }
            self.isMade.signal()
        }
    }

    /// Waits for it.
    var value: Value {
        while true {
            if let value = made.withLock({ $0 }) { return value }
            isMade.wait()
        }
    }
}

/// A value that is made once, by whichever thread asks for it first. Others wait for it.
final class MadeOnce<Value: Sendable>: Sendable {
    private let made = Mutex<Value?>(nil)
    private let make: @Sendable () -> Value

    init(_ make: @escaping @Sendable () -> Value) { self.make = make }

    var value: Value {
        made.withLock { made in
            if let made { return made }
            let new = make()
            made = new
            return new
        }
    }
}
