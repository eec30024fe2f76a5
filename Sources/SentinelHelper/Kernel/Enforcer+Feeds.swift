// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CLinux
internal import Feeds
internal import Nftables

/// What feeds list, in the kernel.
extension Enforcer {
    /// Has the sets hold what another list has otherwise, in one transaction: what both have isn't touched, so no packet
    /// from there passes in between.
    ///
    /// An address that comes out of a block, or goes into one, changes from one set into another, and those don't change at
    /// the same moment: a packet may be looked up in one before a transaction and in the other behind it, and an interval
    /// set shows what has come to it after a hash set has lost what went. So such addresses are in both for a while, which
    /// blocks nobody who isn't to be blocked: those that come out before the transaction, those that go in behind it.
    ///
    /// - Parameter whole: all of it, for where the kernel has something else than we think. Then the sets are emptied and
    ///   filled, in one transaction as well.
    func swapFeeds(_ difference: AddressList.Difference, whole: AddressList) throws(NftablesError) {
        let coming = difference.added.addresses(in: difference.removed)
        var (removed, going) = (difference.removed, difference.removed.addresses(in: difference.added))
        removed.remove(addressesOf: going)
        do {
            var first = Transaction()
            for kind in SetKind.ofFeeds { first.add(FeedElements(coming, kind), to: layout[kind]) }
            if !first.isEmpty {
                try commit(first)
                clinux_wait_for_readers()
            }
            var swap = Transaction()
            for kind in SetKind.ofFeeds {
                swap.delete(FeedElements(removed, kind), from: layout[kind])
                swap.add(FeedElements(difference.added, kind), to: layout[kind])
            }
            if !swap.isEmpty { try commit(swap) }
            var last = Transaction()
            for kind in SetKind.ofFeeds { last.delete(FeedElements(going, kind), from: layout[kind]) }
            if !last.isEmpty {
                clinux_wait_for_readers()
                try commit(last)
            }
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
