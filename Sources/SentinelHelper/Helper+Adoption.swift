// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Nftables
internal import SentinelProtocol

extension Helper {
    /// Reads bans back from what an earlier run left in the kernel: the element says until when, its comment says why
    /// and for whom. The evidence is not in the kernel and is lost.
    func adopt(_ found: [SetKind: [Element]]) {
        for (kind, elements) in found {
            if kind.flags.contains(.interval) {
                for range in IntervalReading(elements).ranges {
                    for network in IPNetwork.blocks(from: range.first, through: range.last) {
                        adopt(range.element, as: BanKey(network: network))
                    }
                }
            } else {
                for element in elements {
                    guard let key = BanKey(element.key, in: kind) else { continue }
                    adopt(element, as: key)
                }
            }
        }
        recover(covers: covers.keys)
    }

    /// Takes an element into the book as the ban with a key.
    @discardableResult
    func adopt(_ element: Element, as key: BanKey) -> BanRecord? {
        let comment = element.comment.flatMap { BanComment($0) }
        let now = clock.monotonic()
        var deadline: MonotonicMilliseconds?
        var age: Int64 = 0
        if let timeout = element.timeout, timeout != .zero {
            let left = Milliseconds(element.expiration ?? timeout).rawValue
            deadline = now + left
            age = Milliseconds(timeout).rawValue - left
        }
        // What isn't ours must be an operator's, who has put it there by hand.
        let record = BanRecord(
            key: key, deadline: deadline, renewed: now - age, created: clock.wall() - age,
            strikes: comment?.strikes ?? 1, reason: comment?.reason ?? "adopted",
            caller: comment?.caller ?? "unknown",
            isOperators: comment?.isOperators ?? true, peer: comment?.peer)
        return book.enter(record)
    }
}
