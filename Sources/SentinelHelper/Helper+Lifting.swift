// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Logging
internal import Nftables
internal import Sentinel
internal import SentinelProtocol
internal import Varlink

extension Helper {
    /// Ends bans before their time. Who may only submit lifts only his own.
    func lift(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.submit, call.peer)
        let parameters = try call.parameters(of: HelperInterface.lift)
        chargeForScan(call)
        let matches = try matcher(parameters.filter)
        let caller = access.caller(call.peer)
        let mayLiftAll = access.allows(.operate, call.peer)
        endDueBans()
        let records = book.all { record in
            matches(record) && (mayLiftAll || record.caller == caller && !record.isOperators)
        }
        if parameters.dryRun != true, !records.isEmpty {
            guard enforcer.mode != .released else {
                throw VarlinkFailure(
                    HelperInterface.Released(
                        message: "the table has been released; restart sentineld to enforce again"))
            }
            do {
                try lift(records, by: caller)
            } catch {
                throw VarlinkFailure(kernel: error)
            }
            logger.notice("lifted", metadata: ["bans": "\(records.count)", "caller": "\(caller)"])
        }
        let bans = records.map(ban)
        whenDurable { _, isDurable in
            call.reply(HelperInterface.Lift.Reply(bans: bans, durable: isDurable))
        }
    }

    /// Ends these bans, in the kernel first.
    ///
    /// - Parameter actor: who wants it.
    func lift(_ records: [BanRecord], by actor: String) throws(NftablesError) {
        var changes = Enforcer.Changes()
        var networks: [SetKind: [BanKey: BanRecord?]] = [:]
        for record in records where !waiting.contains(record.key) {
            if record.key.set.flags.contains(.interval) {
                networks[record.key.set, default: [:]][record.key] = .some(nil)
            } else {
                changes.removed[record.key.set, default: []].append(Element(record.key.elementKey))
            }
        }
        for (kind, changed) in networks {
            changes.intervals[kind] = intervalChange(kind, to: cover(kind, changed: changed))
        }
        do {
            try enforcer.apply(changes)
        } catch  where missing != nil {
            // What isn't there needn't go; it is looked at once all is back.
        }
        let now = clock.monotonic()
        for record in records { waiting.remove(record.key) }
        for record in records { _ = book.end(record.key, forget: record.forgotten(by: schedules, from: now)) }
        recover(covers: networks.keys)
        reconsiderHeldBack()
        updateExempt()
        tell(records.map { BanChange(kind: .lifted, record: $0, actor: actor) })
    }

    /// What a filter's bans have in common.
    ///
    /// - Throws: `InvalidRequest` where a subject names nothing.
    func matcher(_ filter: Filter) throws(VarlinkFailure) -> @Sendable (BanRecord) -> Bool {
        let keys: Swift.Set<BanKey>? =
            if let subject = filter.subject { try self.keys(of: subject, field: "filter.subject") } else {
                nil
            }
        let block: IPNetwork? = if let within = filter.within { try self.block(within) } else { nil }
        let ipv6Prefix = enforcer.layout.ipv6Prefix
        return { record in
            (filter.check.map { $0 == record.key.check } ?? true)
                && (keys.map { $0.contains(record.key) } ?? true)
                && (block.map { $0.contains(record.key.matched(ipv6Prefix: ipv6Prefix)) } ?? true)
                && (filter.since.map { $0.rawValue <= record.created } ?? true)
                && (filter.peer.map { $0 == record.peer } ?? true)
                && (filter.reason.map { $0 == record.reason } ?? true)
                && (filter.caller.map { $0 == record.caller } ?? true)
                && (filter.id.map { $0 == Int64(record.id) } ?? true)
        }
    }

    private func block(_ text: String) throws(VarlinkFailure) -> IPNetwork {
        guard let block = IPNetwork(text) else {
            throw VarlinkFailure(
                "filter.within", "\(quoted(text)) is no block; write 203.0.113.0/24 or 2001:db8::/32")
        }
        return block
    }

    /// The keys that bans of a subject have, whatever the check.
    private func keys(of subject: String, field: String) throws(VarlinkFailure) -> Swift.Set<BanKey> {
        let targets = Check.allCases.compactMap { try? Target(subject, for: $0) }
        guard !targets.isEmpty else {
            throw VarlinkFailure(
                field,
                "\(quoted(subject)) is no address, block, endpoint or multiaddr; write 203.0.113.7, "
                    + "203.0.113.0/24, tcp:203.0.113.7:8776 or /ip4/203.0.113.7/tcp/8776")
        }
        var keys = Swift.Set(targets.map { $0.key(ipv6Prefix: enforcer.layout.ipv6Prefix) })
        // An IPv6 source reads back as the block that it is matched by.
        if case .network(let network) = targets.first(where: { if case .network = $0 { true } else { false } }
        ),
            network.prefixLength == enforcer.layout.ipv6Prefix, network.family == .ipv6
        {
            keys.insert(BanKey(source: network.first, ipv6Prefix: enforcer.layout.ipv6Prefix))
        }
        return keys
    }
}
