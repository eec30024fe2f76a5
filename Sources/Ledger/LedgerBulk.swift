// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What is written as one commit although it is more than should be held at once.
public struct LedgerBulk: Sendable {
    let part: @Sendable (Int) -> LedgerBatch?
    let isWanted: @Sendable () -> Bool

    /// - Parameters:
    ///   - part: the parts, by their numbers from 0; nil behind the last. Asked for on the ledger's thread.
    ///   - isWanted: whether it is to last. Asked when all parts are written and nothing is committed, and waited for.
    public init(part: @escaping @Sendable (Int) -> LedgerBatch?, isWanted: @escaping @Sendable () -> Bool) {
        self.part = part
        self.isWanted = isWanted
    }

    /// Calls `body` with each part.
    func forEachPart<E>(_ body: (LedgerBatch) throws(E) -> Void) throws(E) {
        var number = 0
        while let batch = part(number) {
            try body(batch)
            number += 1
        }
    }
}
