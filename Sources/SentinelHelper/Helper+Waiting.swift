// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Logging
internal import NIOCore
internal import Nftables

/// Bans that are in the book, and for which the kernel has no place yet: what has expired in their sets holds its
/// place until the kernel has cleared it away.
struct Waiting {
    private(set) var keys: [SetKind: Set<BanKey>] = [:]
    /// When they were tried last, by the event loop's clock.
    var tried = NIODeadline.uptimeNanoseconds(0)

    /// So long nothing is tried: each transaction makes the kernel begin its clearing away anew.
    static var pause: TimeAmount { .seconds(1) }

    var isEmpty: Bool { keys.isEmpty }

    func contains(_ key: BanKey) -> Bool { keys[key.set]?.contains(key) ?? false }

    mutating func insert(_ key: BanKey) { keys[key.set, default: []].insert(key) }

    mutating func remove(_ key: BanKey) {
        guard keys[key.set]?.remove(key) != nil, keys[key.set]?.isEmpty == true else { return }
        keys[key.set] = nil
    }

    mutating func removeAll() { keys = [:] }
}

extension Helper {
    /// Tries again what found its set full, at most once a second.
    func enforceWaiting() {
        let now = NIODeadline.now()
        guard !waiting.isEmpty, missing == nil, now - waiting.tried >= Waiting.pause else { return }
        waiting.tried = now
        for (kind, keys) in waiting.keys {
            // What fits, if not all does: halves of it.
            var rest = keys.filter { key in
                if book[key] == nil { waiting.remove(key) }
                return book[key] != nil
            }[...]
            var batch = rest.count
            while batch > 0, !rest.isEmpty {
                do {
                    try enforcer.fill(kind, with: rest.prefix(batch).compactMap { book[$0].flatMap(element) })
                    for key in rest.prefix(batch) { waiting.remove(key) }
                    rest = rest.dropFirst(batch)
                } catch  where error.code == .setFull {
                    batch /= 2
                } catch {
                    logger.error("\(error)")
                    batch = 0
                }
            }
        }
        if waiting.isEmpty { logger.info("all bans that waited for a place in their sets have one") }
    }

    /// Has bans of a set wait for their place.
    func letWait(_ keys: some Sequence<BanKey>) {
        if waiting.isEmpty { waiting.tried = .now() }
        for key in keys { waiting.insert(key) }
    }

    /// What the operator should know of bans that wait.
    var waitingProblems: [String] {
        waiting.keys.sorted { $0.key.rawValue < $1.key.rawValue }.map { kind, keys in
            "\(kind.name): \(keys.count) bans wait for elements that have expired to be cleared away by the kernel, "
                + "and are tried again each second; where that lasts, somebody else fills the set: see `nft list set "
                + "\(enforcer.layout[kind])`"
        }
    }
}
