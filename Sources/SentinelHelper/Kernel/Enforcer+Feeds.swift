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
    /// - Parameter whole: all of it, for where the kernel has something else than we think. Then the sets are emptied and
    ///   filled, in one transaction as well.
    func swapFeeds(_ difference: AddressList.Difference, whole: AddressList) throws(NftablesError) {
        try prepare(difference.added.addresses(in: difference.removed))
        var short = Transaction()
        for kind in SetKind.ofFeeds {
            short.delete(FeedElements(difference.removed, kind), from: layout[kind])
            short.add(FeedElements(difference.added, kind), to: layout[kind])
        }
        guard !short.isEmpty else { return }
        do {
            try commit(short)
        } catch  where Self.isDisagreement(error.code) {
            try rewriteFeeds(whole)
        }
    }

    /// Addresses that a block held and that are listed one by one from now on go from one set into another. A packet that is
    /// looked up in the one before a transaction and in the other behind it would be found in neither. So they are in both
    /// first, which blocks nobody who isn't blocked, until no packet is on its way that hasn't seen it.
    private func prepare(_ moving: AddressList) throws(NftablesError) {
        guard !moving.isEmpty else { return }
        var transaction = Transaction()
        for kind in SetKind.ofFeeds { transaction.add(FeedElements(moving, kind), to: layout[kind]) }
        try commit(transaction)
        clinux_wait_for_readers()
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
