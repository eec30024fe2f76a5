// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import NIOCore
internal import Nftables
internal import SentinelProtocol
internal import Varlink

/// What bans in shadow would have refused, as far as the elements have been read.
private struct ShadowReading {
    /// Alike.
    struct Group: Hashable {
        var check: Check
        var reason: String
    }

    struct Sum {
        var bans = 0
        var matched = 0
        var counter = Element.Counter()
    }

    /// The sets that are still to be read, the first of them from `position` on.
    var kinds: [SetKind]
    let matches: (@Sendable (BanRecord) -> Bool)?
    let top: Int
    var position = 0
    /// Of the first set, where it is one of intervals, which is read at once.
    var ofBlocks: [BanKey: Element.Counter]?
    var sums: [Group: Sum] = [:]
    var best: [(key: BanKey, counter: Element.Counter)] = []

    mutating func add(_ record: BanRecord, _ counter: Element.Counter) {
        let group = Group(check: record.key.check, reason: record.reason)
        sums[group, default: Sum()].bans += 1
        guard counter.packets > 0 else { return }
        sums[group, default: Sum()].matched += 1
        sums[group, default: Sum()].counter = (sums[group]?.counter ?? Element.Counter()) + counter
        guard best.count < top || counter.packets > best.last?.counter.packets ?? 0 else { return }
        let place = best.firstIndex { $0.counter.packets < counter.packets } ?? best.count
        best.insert((record.key, counter), at: place)
        if best.count > top { best.removeLast() }
    }

    /// Nodes make reasons up: so many are told apart, the rest is one.
    var reasons: [ShadowReason] {
        let all = sums.map { group, sum in
            ShadowReason(
                check: group.check, reason: group.reason, bans: sum.bans, matched: sum.matched,
                packets: Int64(clamping: sum.counter.packets), bytes: Int64(clamping: sum.counter.bytes))
        }.sorted { a, b in
            if a.packets != b.packets { return a.packets > b.packets }
            return (a.check.rawValue, a.reason) < (b.check.rawValue, b.reason)
        }
        var rest: [Check: ShadowReason] = [:]
        for reason in all.dropFirst(Self.mostReasons) {
            let nothing = ShadowReason(
                check: reason.check, reason: "other", bans: 0, matched: 0, packets: 0, bytes: 0)
            rest[reason.check, default: nothing].add(reason)
        }
        return all.prefix(Self.mostReasons) + Check.allCases.compactMap { rest[$0] }
    }

    private static var mostReasons: Int { 200 }
}

extension ShadowReason {
    fileprivate mutating func add(_ other: ShadowReason) {
        bans += other.bans
        matched += other.matched
        packets = packets.addingSaturating(other.packets)
        bytes = bytes.addingSaturating(other.bytes)
    }
}

extension Helper {
    /// What the bans in shadow would have done, and to whom.
    func shadow(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.operate, call.peer)
        let parameters = try call.parameters(of: HelperInterface.shadow)
        let top = try top(parameters.top) ?? Self.usualTop
        let matches: (@Sendable (BanRecord) -> Bool)? =
            if let filter = parameters.filter { try matcher(filter) } else { nil }
        endDueBans()
        let interval = Milliseconds(Shadowing.interval)
        let checks = shadowedChecks
        guard !checks.isEmpty, enforcer.mode != .released else {
            return call.reply(HelperInterface.Shadow.Reply(checks: checks, interval: interval))
        }
        let kinds = SetKind.allCases.filter { enforcer.layout.shadows($0) }
        let reading = ShadowReading(kinds: kinds.filter { $0.check != nil }, matches: matches, top: top)
        do {
            let reply = HelperInterface.Shadow.Reply(
                checks: checks, since: shadowing.since.map { Timestamp(rawValue: $0) }, interval: interval,
                sets: try describedSets(kinds), bans: bans(in: kinds),
                seen: shadowing.seen.values.reduce(0, +), overlooked: shadowing.contacts.overlooked)
            goOn(reading, reply, call)
        } catch {
            throw VarlinkFailure(kernel: error)
        }
    }

    private static var usualTop: Int { 20 }
    private static var pageSize: Int { 2000 }

    /// Reads a page at a time. In between others have their turn.
    private func goOn(_ reading: ShadowReading, _ reply: HelperInterface.Shadow.Reply, _ call: VarlinkCall) {
        guard call.isOpen else { return }
        var reading = reading
        do {
            guard try readPage(&reading) else { return call.reply(completed(reply, reading)) }
        } catch {
            return call.fail(VarlinkFailure(kernel: error))
        }
        let state = reading
        eventLoop.execute { [weak self] in self?.assumeIsolated { $0.goOn(state, reply, call) } }
    }

    /// - Returns: whether there may be more.
    private func readPage(_ reading: inout ShadowReading) throws(NftablesError) -> Bool {
        guard let kind = reading.kinds.first else { return false }
        if kind.flags.contains(.interval), reading.ofBlocks == nil {
            reading.ofBlocks = try blockCounters(kind)
            return true
        }
        let (ends, next) = book.ends(
            in: kind, from: reading.position, limit: Self.pageSize, where: reading.matches)
        var counters: [Element.Counter?] = []
        if let ofBlocks = reading.ofBlocks {
            counters = ends.map { ofBlocks[$0.key] }
        } else {
            try enforcer.readCounters(ends.map(\.key.elementKey), of: kind) { counters.append($1) }
        }
        for ((key, _), counter) in zip(ends, counters) {
            if let record = book[key] { reading.add(record, counter ?? Element.Counter()) }
        }
        reading.position = next ?? 0
        if next == nil {
            reading.kinds.removeFirst()
            reading.ofBlocks = nil
        }
        return true
    }

    /// What the ranges of a set of intervals have counted, by the bans that they belong to.
    private func blockCounters(_ kind: SetKind) throws(NftablesError) -> [BanKey: Element.Counter] {
        var counters: [BanKey: Element.Counter] = [:]
        for range in IntervalReading(try enforcer.list(kind)).ranges {
            guard let ban = covers[kind]?.segment(holding: range.first)?.id else { continue }
            counters[ban] =
                (counters[ban] ?? Element.Counter()) + (range.element.counter ?? Element.Counter())
        }
        return counters
    }

    private func completed(
        _ reply: HelperInterface.Shadow.Reply, _ reading: ShadowReading
    ) -> HelperInterface.Shadow.Reply {
        var reply = reply
        reply.reasons = reading.reasons
        reply.sources = reading.best.compactMap { key, counter in
            book[key].map {
                ShadowSource(
                    ban: ban($0), packets: Int64(clamping: counter.packets),
                    bytes: Int64(clamping: counter.bytes))
            }
        }
        reply.contacts = shadowing.contacts.all.filter { reading.matches?($0.ban) ?? true }.map(told)
        return reply
    }

    private func told(_ contact: ShadowContacts.Contact) -> ShadowContact {
        let present = book[contact.ban.key].flatMap { $0.id == contact.ban.id ? $0 : nil }
        return ShadowContact(
            ban: ban(present ?? contact.ban), inForce: present != nil,
            remotes: contact.remotes.map(\.description), first: Timestamp(rawValue: contact.first),
            last: Timestamp(rawValue: contact.last), connections: contact.connections,
            open: shadowing.contacts.open(contact), received: contact.received, sent: contact.sent,
            udp: contact.udp)
    }
}
