// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import NIOCore
internal import Nftables
internal import SentinelProtocol
internal import Varlink

extension Helper {
    /// The table's sets, as the kernel has them.
    func sets(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.operate, call.peer)
        let parameters = try call.parameters(of: HelperInterface.sets)
        let kinds = try kinds(named: parameters.name)
        let top = try top(parameters.top)
        let matches: (@Sendable (BanRecord) -> Bool)? =
            if let filter = parameters.filter { try matcher(filter) } else { nil }
        let hasElements = parameters.elements == true
        guard hasElements || matches == nil && top == nil else {
            throw VarlinkFailure(
                "elements", "a filter and a top choose elements; ask for them with elements: true")
        }
        guard enforcer.mode != .released else {
            throw VarlinkFailure(
                HelperInterface.Released(
                    message: "there is no table: it has been released; restart sentineld"))
        }
        endDueBans()
        let count = kinds.reduce(0) { $0 + info($1).count }
        guard call.wantsMore || !hasElements || top != nil || count <= Self.mostInOneReply else {
            throw VarlinkFailure(
                "elements", "\(count) elements are too many for one reply; ask for more replies")
        }
        do {
            let described = try describedSets(kinds)
            guard hasElements else { return call.reply(HelperInterface.Sets.Reply(sets: described)) }
            var reading = SetReading(kinds: kinds, described: described, matches: matches, top: top)
            try send(&reading, call)
        } catch {
            throw VarlinkFailure(kernel: error)
        }
    }

    private func kinds(named name: String?) throws(VarlinkFailure) -> [SetKind] {
        guard let name else { return SetKind.allCases }
        guard let kind = SetKind(name: name) else {
            throw VarlinkFailure(
                "name",
                "there is no set \(quoted(name)); the sets are "
                    + SetKind.allCases.map(\.name).joined(separator: ", "))
        }
        return [kind]
    }

    func top(_ top: Int?) throws(VarlinkFailure) -> Int? {
        guard let top else { return nil }
        guard (1...Self.mostAtTheTop).contains(top) else {
            throw VarlinkFailure("top", "\(top) is no number of elements; write 1 to \(Self.mostAtTheTop)")
        }
        return top
    }

    private static var mostAtTheTop: Int { 1000 }

    /// How many elements or bans a caller gets who doesn't ask for more replies.
    static var mostInOneReply: Int { 10_000 }

    /// Sets up to this size are listed as they are, so that elements of somebody else's show as well. The kernel
    /// takes a time to list that grows with the square of the size; larger ones are read by the keys we know.
    static var mostToList: Int { 16_384 }

    private static var pageSize: Int { 2000 }

    /// The sets with all that can be told of each without reading its elements.
    func describedSets(_ kinds: [SetKind]) throws(NftablesError) -> [SetInfo] {
        let found = try enforcer.foundSets()
        let counters = enforcer.ruleCounters()
        return kinds.map { kind in
            var set = info(kind)
            set.kernelCount = found[kind.name]?.count.map(Int.init)
            set.backend = found[kind.name]?.backend ?? kind.usualBackend
            let counted = counters.filter { $0.set == kind.name }.map(\.counter)
            if let first = counted.first {
                let sum = counted.dropFirst().reduce(first, +)
                set.packets = Int64(clamping: sum.packets)
                set.bytes = Int64(clamping: sum.bytes)
            }
            return set
        }
    }

    // MARK: Elements

    /// What of sets is to be read, and how far it has come.
    struct SetReading {
        /// The sets that are still to be read, the first of them from `position` on.
        var kinds: [SetKind]
        var described: [SetInfo]
        /// Whose bans' elements are wanted; nil: all elements, whoever's they are.
        let matches: (@Sendable (BanRecord) -> Bool)?
        let top: Int?
        var position = 0
        /// Of the first set, where only the top is wanted.
        var best: [SetElement] = []
        /// Some of the bans that the kernel doesn't have, where only the top is wanted.
        var absent: [String] = []
        /// Collects for a caller who takes one reply only.
        var collected: [SetInfo] = []

        init(
            kinds: [SetKind], described: [SetInfo], matches: (@Sendable (BanRecord) -> Bool)?, top: Int?
        ) {
            self.kinds = kinds
            self.described = described
            self.matches = matches
            self.top = top
        }

        /// As many packets as an element must have more than, to belong to the top so far.
        var leastAtTheTop: Int64 { best.count == top ? best.last?.packets ?? 0 : 0 }

        /// Keeps of these elements and those before the ones that have refused most packets.
        mutating func keepBest(of elements: [SetElement], _ top: Int) {
            let least = leastAtTheTop
            let better = elements.filter { $0.packets ?? 0 > least }
            guard !better.isEmpty else { return }
            best = Array((best + better).sorted { $0.packets ?? 0 > $1.packets ?? 0 }.prefix(top))
        }

        /// Keeps a page for the one reply that is to have all: a set comes in it once.
        mutating func collect(_ page: SetInfo) {
            guard let last = collected.indices.last, collected[last].name == page.name else {
                return collected.append(page)
            }
            collected[last].elements = (collected[last].elements ?? []) + (page.elements ?? [])
            if let absent = page.absent { collected[last].absent = (collected[last].absent ?? []) + absent }
        }

        /// Goes on with the next set.
        mutating func finishSet() {
            kinds.removeFirst()
            described.removeFirst()
            position = 0
            best = []
            absent = []
        }
    }

    /// Sends a page at a time, when the caller takes it. In between others have their turn.
    private func send(_ reading: inout SetReading, _ call: VarlinkCall) throws(NftablesError) {
        guard call.isOpen else { return }
        let page = try nextPage(&reading)
        let isLast = reading.kinds.isEmpty
        if let page {
            reading.collect(page)
            if isLast || call.wantsMore {
                let reply = HelperInterface.Sets.Reply(sets: reading.collected)
                if isLast { return call.reply(reply) }
                call.replyContinuing(reply)
                reading.collected = []
            }
        }
        let state = reading
        if call.isWritable || !call.wantsMore {
            eventLoop.execute { [weak self] in self?.assumeIsolated { $0.goOn(state, call) } }
        } else {
            call.whenWritable(on: self) { helper in helper.goOn(state, call) }
        }
    }

    private func goOn(_ state: SetReading, _ call: VarlinkCall) {
        var reading = state
        do {
            try send(&reading, call)
        } catch {
            call.fail(VarlinkFailure(kernel: error))
        }
    }

    /// Reads on; nil where there is nothing to tell yet.
    private func nextPage(_ reading: inout SetReading) throws(NftablesError) -> SetInfo? {
        var set = reading.described[0]
        let next = try read(reading.kinds[0], from: reading, into: &set)
        if let top = reading.top {
            reading.keepBest(of: set.elements ?? [], top)
            set.elements = reading.best
            reading.absent += (set.absent ?? []).prefix(Self.mostAtTheTop - reading.absent.count)
            if !reading.absent.isEmpty { set.absent = reading.absent }
        }
        if let next {
            reading.position = next
            return reading.top == nil ? set : nil
        }
        reading.finishSet()
        return set
    }

    /// - Returns: where to go on; nil where the set has been read.
    private func read(
        _ kind: SetKind, from reading: SetReading, into set: inout SetInfo
    ) throws(NftablesError) -> Int? {
        if SetKind.ofFeeds.contains(kind) { return try readFeedSet(kind, from: reading, into: &set) }
        if kind.flags.contains(.interval) {
            set.elements = try listedRanges(kind, where: reading.matches)
            return nil
        }
        guard kind.check != nil, reading.matches != nil || set.count > Self.mostToList else {
            if reading.matches != nil {
                set.elements = []
            } else {
                try list(kind, into: &set)
            }
            return nil
        }
        let (ends, next) = book.ends(
            in: kind, from: reading.position, limit: Self.pageSize, where: reading.matches)
        guard reading.top == nil else {
            try readBest(of: ends.map(\.key), kind, from: reading, into: &set)
            return next
        }
        let found = try enforcer.read(ends.map(\.key.elementKey), of: kind)
        set.elements = found.map { listed($0, kind) }
        if found.count < ends.count { note(absentOf: ends.map(\.key), found, kind, in: &set) }
        return next
    }

    /// Of some keys only those elements are read whole that belong to the top so far: a million are counters alone.
    private func readBest(
        of keys: [BanKey], _ kind: SetKind, from reading: SetReading, into set: inout SetInfo
    ) throws(NftablesError) {
        let least = reading.leastAtTheTop
        var (best, absent): ([ElementKey], [BanKey]) = ([], [])
        var position = 0
        try enforcer.readCounters(keys.map(\.elementKey), of: kind) { key, counter in
            if let counter {
                if Int64(clamping: counter.packets) > least { best.append(key) }
            } else {
                absent.append(keys[position])
            }
            position += 1
        }
        set.elements = try enforcer.read(best, of: kind).map { listed($0, kind) }
        if !absent.isEmpty { note(absentOf: absent, [], kind, in: &set) }
    }

    private func list(_ kind: SetKind, into set: inout SetInfo) throws(NftablesError) {
        let found = try enforcer.list(kind)
        set.elements = found.map { listed($0, kind) }
        if kind.check != nil { note(absentOf: book.keys(in: kind), found, kind, in: &set) }
    }

    /// Names the bans that should have been found. Those that end within a moment may be gone already.
    private func note(absentOf keys: [BanKey], _ found: [Element], _ kind: SetKind, in set: inout SetInfo) {
        let present = Swift.Set(found.map(\.key))
        let soon = clock.monotonic() + Audit.tolerance
        let absent = keys.filter { key in
            !present.contains(key.elementKey) && !waiting.contains(key)
                && book[key].map { $0.deadline.map { $0 > soon } ?? true } == true
        }
        guard !absent.isEmpty else { return }
        set.absent = absent.map { $0.text(ipv6Prefix: enforcer.layout.ipv6Prefix) }
    }

    private func listed(_ element: Element, _ kind: SetKind) -> SetElement {
        guard let key = BanKey(element.key, in: kind) else {
            return self.element(element, key: kind.text(element.key), ban: nil)
        }
        return self.element(
            element, key: key.text(ipv6Prefix: enforcer.layout.ipv6Prefix), ban: book[key]?.id)
    }

    /// An interval set's elements: pairs of beginning and end become a block, or a range where it is none.
    private func listedRanges(
        _ kind: SetKind, where matches: ((BanRecord) -> Bool)?
    ) throws(NftablesError) -> [SetElement] {
        let ranges = IntervalReading(try enforcer.list(kind)).ranges
        return ranges.compactMap { range in
            let ban = covers[kind]?.segment(holding: range.first).flatMap { book[$0.id] }
            if let matches, !(ban.map(matches) ?? false) { return nil }
            return element(range.element, key: range.text, ban: ban?.id)
        }
    }
}
