// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Dispatch
public import Ledger
import Synchronization

/// A variable that another thread gives its value.
public final class Answer<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let isThere = DispatchSemaphore(value: 0)

    public init() {}

    public func give(_ value: Value) {
        self.value.withLock { $0 = value }
        isThere.signal()
    }

    public func wait() -> Value {
        isThere.wait()
        return value.withLock { $0! }
    }
}

/// The ledger's calls, each waiting for its answer.
extension Ledger {
    public static func open(
        _ scratch: Scratch, _ clock: LedgerClock,
        whenChanged: @escaping @Sendable (Condition) -> Void = { _ in }
    ) throws(LedgerError) -> (ledger: Ledger, told: Told, opening: LedgerOpening) {
        var told = Told()
        let (ledger, opening) = try open(
            directory: scratch.path, clock: clock, reader: &told, whenChanged: whenChanged)
        return (ledger, told, opening)
    }

    private func answer<Value>(_ ask: (@escaping @Sendable (Value) -> Void) -> Void) -> Value
    where Value: Sendable {
        let answer = Answer<Value>()
        ask(answer.give)
        return answer.wait()
    }

    /// - Returns: whether it is on the disk.
    public func write(_ batch: LedgerBatch) -> Bool { answer { write(batch, then: $0) } }

    public func write(_ bulk: LedgerBulk) -> Bool { answer { write(bulk, then: $0) } }

    /// In the order they happened.
    public func events(
        before number: Int64 = .max, limit: Int = .max
    ) throws(LedgerError) -> [(number: Int64, event: LedgerEvent)] {
        try answer { events(before: number, limit: limit, then: $0) }.get().reversed()
    }

    /// Writes all anew, in parts.
    ///
    /// - Returns: whether it is on the disk.
    public func restore(_ bans: [LedgerBan], _ offences: [LedgerOffence], next: Int64) -> Bool {
        guard answer({ beginRestoring(then: $0) }) else { return false }
        var batch = LedgerBatch()
        batch.offences = offences
        guard answer({ restore(batch, then: $0) }) else { return false }
        for start in stride(from: 0, to: bans.count, by: 100) {
            var batch = LedgerBatch()
            batch.bans = Array(bans[start..<min(bans.count, start + 100)])
            guard answer({ restore(batch, then: $0) }) else { return false }
        }
        return answer { finishRestoring(next: next, then: $0) }
    }
}
