// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Synchronization

/// A value that one thread at a time may use, for a fraction of a microsecond.
///
/// It is `Synchronization.Mutex`, and besides a number that its holder sets while it has it.
///
/// Who finds it set looks again for about as long as a holder needs, before it takes the mutex and has the kernel put it
/// to sleep and wake it: that takes many times as long, the longer the more virtual the machine is.
///
/// The number orders nothing that the mutex doesn't order already. But ThreadSanitizer, which doesn't see into the mutex
/// where that is part of the Swift runtime, sees it, and reports what is really a race only.
struct Guarded<Value>: ~Copyable, Sendable {
    private let mutex: Mutex<Value>
    private let isHeld = Atomic<UInt8>(0)

    init(_ value: consuming sending Value) {
        mutex = Mutex(value)
    }

    /// So often it is looked at before sleeping.
    private static var patience: Int { 200 }

    /// Calls `body` with the value, when no other thread uses it.
    @inline(__always)
    borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        if isHeld.load(ordering: .relaxed) != 0 { wait() }
        return try mutex.withLock { (value) throws(Failure) in
            _ = isHeld.load(ordering: .acquiring)
            isHeld.store(1, ordering: .relaxed)
            defer { isHeld.store(0, ordering: .releasing) }
            return try body(&value)
        }
    }

    @inline(never)
    private borrowing func wait() {
        for _ in 0..<Self.patience where isHeld.load(ordering: .relaxed) == 0 { return }
    }
}
