// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Feeds
internal import Logging
internal import NIOCore
internal import Nftables
internal import SentinelProtocol

// As with bans: after somebody else has changed the ruleset, what the sets of feeds hold is compared with what they
// should. How many elements there are is asked for where the kernel tells, small sets are listed, large ones read by
// key, a slice at a time. A set that isn't right is emptied and filled in one transaction.

extension Helper {
    /// Compares the sets of feeds with what they should hold, and puts right what isn't so. Where there are no feeds,
    /// what somebody has put there stays.
    func compareFeeds() throws(NftablesError) {
        guard !feeds.files.isEmpty, feeds.filling == nil, let list = feeds.inKernel else { return }
        let found = try enforcer.foundSets()
        var wrong: [SetKind] = []
        for kind in SetKind.ofFeeds {
            let elements = FeedElements(list, kind)
            if let count = found[kind.name]?.count, count != elements.count {
                wrong.append(kind)
            } else if elements.count <= Self.mostToList, try !holds(kind, elements) {
                wrong.append(kind)
            }
        }
        try putRight(wrong, list)
        feeds.audit = FeedParts(list, size: Audit.slice, from: clock.monotonic())
        scheduleFeedAudit()
    }

    private func holds(_ kind: SetKind, _ elements: FeedElements) throws(NftablesError) -> Bool {
        do {
            let found = try enforcer.list(kind).map { Element($0.key, isIntervalEnd: $0.isIntervalEnd) }
            return Swift.Set(found) == Swift.Set(elements)
        } catch  where error.code == .changedWhileReading {
            // It is read by key as well.
            return true
        }
    }

    private func putRight(_ kinds: [SetKind], _ list: AddressList) throws(NftablesError) {
        guard !kinds.isEmpty else { return }
        try enforcer.rewriteFeeds(list, in: kinds)
        let names = kinds.map(\.name).joined(separator: ", ")
        tellRepaired("sets had been changed by somebody else, and are right again: \(names)")
    }

    private func scheduleFeedAudit() {
        eventLoop.scheduleTask(in: Audit.pause) { [weak self] in
            self?.assumeIsolated { $0.readFeedSlice() }
        }
    }

    private func readFeedSlice() {
        guard var parts = feeds.audit, missing == nil, enforcer.mode != .released else { return }
        guard let (kind, elements) = parts.next() else {
            feeds.audit = nil
            return
        }
        feeds.audit = parts
        do {
            var absent = 0
            try enforcer.read(elements.keys, of: kind) { _, element in absent += element == nil ? 1 : 0 }
            if absent > 0 { try putRight([kind], parts.list) }
            scheduleFeedAudit()
        } catch {
            logger.error("\(error)")
            feeds.audit = nil
            enforcer.isSuspect = true
        }
    }
}
