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
    /// The places of the new bans, by their keys.
    var index = SlotIndex<BanKey>()
    var refused: [ImportRefusal] = []
    /// Sets in which what is new has to wait for its place.
    var waiting: Swift.Set<SetKind> = []
    /// Whether the table had to be put right first, and with it perhaps the book.
    var isRepaired = false

    /// The sets that the new bans are in.
    var kinds: Swift.Set<SetKind> = []

    /// Those of the parts, in their order, as far as they were needed.
    private var partSchedules: [DurationSchedule?] = []

    init(imported: ImportedBans) {
        self.imported = imported
        partSchedules = Array(repeating: nil, count: imported.staged.parts.count)
        self.imported.bans.reserveCapacity(imported.staged.entries.count)
        index.reserve(imported.staged.entries.count)
    }

    /// How long a part's bans last.
    mutating func schedule(of part: Int, _ schedules: DurationSchedules<Check>) -> DurationSchedule {
        if let schedule = partSchedules[part] { return schedule }
        let (request, reason) = (imported.staged.parts[part].request, imported.staged.parts[part].reason)
        let schedule = schedules.schedule(check: request.check, reason: reason)
        partSchedules[part] = schedule
        return schedule
    }

    /// Where a new ban with a key is.
    func place(of key: BanKey) -> Int? {
        index.slot(of: key) { imported.key(imported.bans[Int($0)]) }.map { Int($0) }
    }

    /// Whether there is a new ban with a key, of those sets.
    func holds(_ key: BanKey) -> Bool { kinds.contains(key.set) && place(of: key) != nil }

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

    mutating func append(_ ban: ImportedBan, _ key: BanKey) {
        imported.bans.append(ban)
        kinds.insert(key.set)
        let imported = imported
        index.insert(UInt32(imported.bans.count - 1), key: key) { imported.key(imported.bans[Int($0)]) }
    }

    /// The new bans of a set.
    func keys(in kind: SetKind) -> [BanKey] {
        imported.bans.lazy.map(imported.key).filter { $0.set == kind }
    }

    /// How many bans wait for their place.
    var pending: Int { waiting.reduce(plan.pending.count) { $0 + keys(in: $1).count } }

    var count: Int { imported.bans.count + plan.order.count }
}
