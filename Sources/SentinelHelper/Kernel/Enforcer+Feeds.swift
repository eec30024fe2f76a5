// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Feeds
internal import Nftables

/// What feeds list, in the kernel.
extension Enforcer {
    /// Has the sets hold what another list has otherwise, in one transaction: what both have isn't touched, so no packet
    /// from there passes in between.
    ///
    /// - Parameter whole: all of it, for where the kernel has something else than we think. Then the sets are emptied and
    ///   filled, in one transaction as well.
    func swapFeeds(_ difference: AddressList.Difference, whole: AddressList) throws(NftablesError) {
        var short = Transaction()
        for kind in SetKind.ofFeeds {
            short.delete(FeedElements(difference.removed, kind), from: layout[kind])
            short.add(FeedElements(difference.added, kind), to: layout[kind], existing: .refuse)
        }
        guard !short.isEmpty else { return }
        do {
            try commit(short)
        } catch  where Self.isDisagreement(error.code) {
            try rewriteFeeds(whole)
        }
    }

    /// Has these sets hold just this, whatever they held, in one transaction.
    func rewriteFeeds(_ list: AddressList, in kinds: [SetKind] = SetKind.ofFeeds) throws(NftablesError) {
        var transaction = Transaction()
        for kind in kinds {
            transaction.flush(layout[kind])
            transaction.add(FeedElements(list, kind), to: layout[kind])
        }
        try commit(transaction)
    }

    /// Adds those that aren't there.
    func fillFeeds(_ kind: SetKind, with elements: FeedElements) throws(NftablesError) {
        var transaction = Transaction()
        transaction.add(elements, to: layout[kind])
        if !transaction.isEmpty { try commit(transaction) }
    }
}
