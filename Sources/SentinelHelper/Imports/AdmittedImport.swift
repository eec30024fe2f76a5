// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Sentinel
internal import SentinelProtocol

/// What an import comes to, before the kernel has it.
struct AdmittedImport {
    /// Blocks, and what changes a ban that there is.
    var plan = Helper.Plan()
    /// New bans of other kinds: most of them.
    var imported: ImportedBans
    var refused: [ImportRefusal] = []
    /// Sets in which what is new has to wait for its place.
    var waiting: Swift.Set<SetKind> = []
    /// Whether the table had to be put right first, and with it perhaps the book.
    var isRepaired = false

    /// The sets that the new bans are in.
    var kinds: Swift.Set<SetKind> = []

    init(imported: ImportedBans) {
        self.imported = imported
        self.imported.bans.reserveCapacity(imported.staged.entries.count)
    }

    /// Whether there is a new ban with a key, of those sets.
    func holds(_ key: BanKey) -> Bool { kinds.contains(key.set) && imported.holds(key) }

    /// How many new bans there are, by check and reason, most first; those beyond a hundred reasons as one.
    func newBans(besides book: BanBook) -> [(check: Check, reason: String, count: Int)] {
        var counts = Array(repeating: 0, count: imported.staged.parts.count)
        for ban in imported.bans { counts[Int(imported.staged.entries[Int(ban.entry)].part)] += 1 }
        var byReason: [Check: [String: Int]] = [:]
        for (part, count) in zip(imported.staged.parts, counts) where count > 0 {
            byReason[part.request.check, default: [:]][part.request.reason, default: 0] += count
        }
        for key in plan.order where plan.present(key, in: book) == nil {
            guard let record = plan.records[key] else { continue }
            byReason[key.check, default: [:]][record.reason, default: 0] += 1
        }
        return byReason.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap { check, reasons in
            let sorted = reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            let rest = sorted.dropFirst(Self.mostReasons).reduce(0) { $0 + $1.value }
            return sorted.prefix(Self.mostReasons).map { (check, $0.key, $0.value) }
                + (rest > 0 ? [(check, "other", rest)] : [])
        }
    }

    private static var mostReasons: Int { 100 }

    /// Has the last new ban end no earlier, where it has this key. A list's subjects come in the order of their keys, so no
    /// other can have it.
    ///
    /// - Returns: whether it has.
    mutating func extendLast(_ key: BanKey, to deadline: MonotonicMilliseconds) -> Bool {
        guard let last = imported.bans.last, imported.key(last) == key else { return false }
        imported.bans[imported.bans.count - 1].deadline = max(last.deadline, deadline)
        return true
    }

    /// The new bans of a set.
    func keys(in kind: SetKind) -> [BanKey] { imported.bans[imported.places(in: kind)].map(imported.key) }

    /// How many bans wait for their place.
    var pending: Int { waiting.reduce(plan.pending.count) { $0 + imported.places(in: $1).count } }

    var count: Int { imported.bans.count + plan.order.count }
}
