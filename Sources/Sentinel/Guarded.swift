// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Synchronization

/// A value that one thread at a time may use.
///
/// It is `Synchronization.Mutex`, and besides a number that its holder reads first and writes last. That orders
/// nothing that the mutex doesn't order already, and costs nothing on x86; but ThreadSanitizer, which doesn't see
/// into the mutex where that is part of the Swift runtime, sees it, and reports what is really a race only.
struct Guarded<Value>: ~Copyable, Sendable {
    private let mutex: Mutex<Value>
    private let order = Atomic<UInt8>(0)

    init(_ value: consuming sending Value) {
        mutex = Mutex(value)
    }

    /// Calls `body` with the value, when no other thread uses it.
    @inline(__always)
    borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        try mutex.withLock { (value) throws(Failure) in
            _ = order.load(ordering: .acquiring)
            defer { order.store(0, ordering: .releasing) }
            return try body(&value)
        }
    }
}
