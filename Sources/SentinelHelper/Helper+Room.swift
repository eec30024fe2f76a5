// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration
internal import SentinelProtocol

extension Helper {
    /// The bans that one transaction brings about, by key: requests for the same key are merged. All are of one
    /// caller, and either operators' or not.
    struct Plan {
        var records: [BanKey: BanRecord] = [:]
        /// In the order they were asked for.
        var order: [BanKey] = []
        /// How many new keys are planned for a set.
        var added = SetCounts()
        /// Bans that make room, each by the key that it makes room for.
        private(set) var victims: [BanKey: BanKey] = [:]
        /// The same keys, to look one up.
        private(set) var evicted: Swift.Set<BanKey> = []
        fileprivate var rooms: [SetKind: Room] = [:]
        /// Bans that are kept in the book but can't be in the kernel yet, and why.
        var pending: [BanKey: RefusalError] = [:]
        /// When the kernel was given how long each lasts; nil where they end when their records say.
        var timed: MonotonicMilliseconds?

        /// The ban in force with a key, as far as it doesn't make room.
        func present(_ key: BanKey, in book: BanBook) -> BanRecord? {
            evicted.contains(key) ? nil : book[key]
        }

        fileprivate mutating func evict(_ victim: BanKey, for key: BanKey) {
            victims[key] = victim
            evicted.insert(victim)
        }

        /// Leaves a ban out, and lets stay what would have made room for it.
        mutating func remove(_ key: BanKey) {
            records[key] = nil
            pending[key] = nil
            if let victim = victims.removeValue(forKey: key) { evicted.remove(victim) }
        }
    }

    /// Who has how many bans in a full set, those that make room left out, and which of them ends next.
    fileprivate struct Room {
        var holders: [String: Int]
        var walks: [String: EndWalk] = [:]
        var next: [String: BanRecord] = [:]
        var evicted = 0
    }

    /// Makes sure that a ban's set has room for it, by another's leaving where it must be.
    ///
    /// In a full set, who has less than his share makes room by a ban of the caller who has most there, and an
    /// operator does in any case. Who has his share or more, or the most, makes room by one of his own, and only for
    /// a ban that ends later: what a set holds in the end is what will last longest, in whichever order it came, and
    /// a flood of short bans pushes out none that are long. It is always the one that ends soonest that goes; never
    /// an operator's, and none that this plan brings about or renews.
    ///
    /// - Parameter record: the ban, asked for where the set is full.
    func reserve(
        in set: SetKind, of plan: inout Plan, for record: @autoclosure () -> BanRecord
    ) throws(RefusalError) {
        let capacity = set.capacity(configuration.capacity) ?? 0
        let leaving = plan.rooms[set]?.evicted ?? 0
        if book.activeCount(in: set) + plan.added[set] - leaving >= capacity {
            let record = record()
            var room =
                plan.rooms[set]
                ?? Room(
                    holders: Dictionary(book.holders(in: set).map { ($0.caller, $0.count) }) { $0 + $1 })
            let victim = self.victim(for: record, in: &room, of: capacity, plan)
            if let victim {
                room.holders[victim.caller, default: 1] -= 1
                room.next[victim.caller] = nil
                room.evicted += 1
            }
            plan.rooms[set] = room
            guard let victim else { throw full(record, room, capacity) }
            plan.evict(victim.key, for: record.key)
        }
        plan.added[set] += 1
    }

    private func victim(
        for record: BanRecord, in room: inout Room, of capacity: Int, _ plan: Plan
    ) -> BanRecord? {
        let set = record.key.set
        let own = room.holders[record.caller, default: 0] + plan.added[set]
        let share = max(1, capacity * configuration.capacity.share / 100)
        let others = room.holders.filter { record.isOperators || $0.key != record.caller }
        if let most = others.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }), most.value > 0,
            record.isOperators || own < share && own < most.value,
            let victim = next(of: most.key, set, in: &room, plan)
        {
            return victim
        }
        guard !record.isOperators, let victim = next(of: record.caller, set, in: &room, plan),
            !NetworkCover<BanKey>.endsLater(victim.deadline, record.deadline)
        else { return nil }
        return victim
    }

    /// Of a caller's bans that may leave, the one that ends first.
    private func next(of caller: String, _ set: SetKind, in room: inout Room, _ plan: Plan) -> BanRecord? {
        if let record = room.next[caller], plan.records[record.key] == nil { return record }
        guard var walk = room.walks[caller] ?? book.walk(of: caller, in: set) else { return nil }
        defer { room.walks[caller] = walk }
        while let record = book.next(&walk, of: caller, in: set) {
            guard plan.records[record.key] == nil else { continue }
            room.next[caller] = record
            return record
        }
        return nil
    }

    private func full(_ record: BanRecord, _ room: Room, _ capacity: Int) -> RefusalError {
        let set = record.key.set
        let holds = "\(set.name) holds \(capacity) bans, as many as it may"
        let remedy = "raise [capacity] \(set.capacityKey)"
        guard room.holders.values.contains(where: { $0 > 0 }) else {
            return RefusalError(
                .full, "\(holds), and none of them may make room: operators' don't; lift some, or \(remedy)")
        }
        return RefusalError(
            .full,
            "\(holds), and none of \(record.caller)'s ends before this one would; \(remedy), or shorten [durations]"
        )
    }
}

extension SetKind {
    /// The key of the configuration that says how many bans it may have.
    var capacityKey: String {
        switch self {
        case .dial4, .dial6: "dial"
        case .net4, .net6: "network"
        case .feed4, .feed6: "feed"
        case .feednet4, .feednet6: "feed_network"
        default: "accept"
        }
    }
}
