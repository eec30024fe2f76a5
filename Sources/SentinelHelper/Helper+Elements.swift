// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Nftables
internal import SentinelConfiguration

/// How bans become elements.
extension Helper {
    /// The element of a ban that isn't a block's. nil where its time is over.
    func element(_ record: BanRecord) -> Element? { Self.element(record, at: clock.monotonic()) }

    nonisolated static func element(_ record: BanRecord, at now: MonotonicMilliseconds) -> Element? {
        guard let timeout = timeout(record.deadline, at: now) else { return nil }
        return Element(record.key.elementKey, timeout: timeout, comment: BanComment(record).text)
    }

    /// How long the kernel has to keep an element; `.zero`: for good, nil: it is over.
    func timeout(_ deadline: MonotonicMilliseconds?) -> Duration? {
        Self.timeout(deadline, at: clock.monotonic())
    }

    private nonisolated static func timeout(
        _ deadline: MonotonicMilliseconds?, at now: MonotonicMilliseconds
    ) -> Duration? {
        guard let deadline else { return .zero }
        let left = deadline - now
        return left > 0 ? .milliseconds(left) : nil
    }

    /// The cover of a set's bans, some of them changed (or, where nil, gone).
    func cover(_ kind: SetKind, changed: [BanKey: BanRecord?]) -> NetworkCover<BanKey> {
        var blocks: [NetworkCover<BanKey>.Block] = []
        func add(_ record: BanRecord) {
            guard let network = record.key.network else { return }
            blocks.append(.init(network: network, deadline: record.deadline, id: record.key))
        }
        for key in book.keys(in: kind) where changed[key] == nil {
            if let record = book[key] { add(record) }
        }
        for case let record? in changed.values { add(record) }
        return NetworkCover(blocks)
    }

    /// What an interval set has to change for its cover to become another. `planned` are bans that the book doesn't
    /// have yet.
    func intervalChange(
        _ kind: SetKind, to cover: NetworkCover<BanKey>, _ planned: [BanKey: BanRecord] = [:]
    ) -> Enforcer.IntervalChange {
        let before = covers[kind]?.segments ?? []
        let (old, new) = (Swift.Set(before), Swift.Set(cover.segments))
        return Enforcer.IntervalChange(
            removed: intervalElements(before.filter { !new.contains($0) }),
            added: intervalElements(cover.segments.filter { !old.contains($0) }, planned),
            whole: intervalElements(cover.segments, planned))
    }

    /// The elements of segments.
    func intervalElements(
        _ segments: [NetworkCover<BanKey>.Segment], _ planned: [BanKey: BanRecord] = [:]
    ) -> [Element] {
        segments.flatMap { segment -> [Element] in
            guard let timeout = timeout(segment.deadline) else { return [] }
            let comment = (planned[segment.id] ?? book[segment.id]).map { BanComment($0).text }
            return SentinelHelper.intervalElements(from: segment.first, through: segment.last) {
                Element($0, timeout: timeout, comment: comment)
            }
        }
    }
}
