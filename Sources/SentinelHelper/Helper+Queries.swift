// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc
internal import Inet
internal import Nftables
internal import Sentinel
internal import SentinelProtocol
internal import Varlink

extension Helper {
    // MARK: List

    /// The bans in force, in pages where the call asks for more. Who may submit may know them: it sees each by
    /// watching, too.
    func list(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.submit, call.peer)
        let filter = try call.parameters(of: HelperInterface.list).filter ?? Filter()
        let matches = try matcher(filter)
        chargeForScan(call)
        endDueBans()
        if call.wantsMore {
            sendPage(from: 0, matches, call)
            return
        }
        var bans: [BanRecord] = []
        var position: Int? = 0
        while let start = position, bans.count <= Self.mostInOneReply {
            let page = book.page(from: start, limit: Self.mostInOneReply, where: matches)
            bans += page.bans
            position = page.next
        }
        guard bans.count <= Self.mostInOneReply else {
            throw VarlinkFailure(
                "filter",
                "more than \(Self.mostInOneReply) bans match, too many for one reply; ask for more replies")
        }
        call.reply(HelperInterface.List.Reply(bans: bans.map(ban)))
    }

    private func sendPage(
        from start: Int, _ matches: @escaping @Sendable (BanRecord) -> Bool, _ call: VarlinkCall
    ) {
        var position = start
        while call.isOpen {
            guard call.isWritable else {
                let next = position
                call.whenWritable(on: self) { helper in helper.sendPage(from: next, matches, call) }
                return
            }
            let page = book.page(from: position, limit: Self.listPageSize, where: matches)
            let reply = HelperInterface.List.Reply(bans: page.bans.map(ban))
            guard let next = page.next else { return call.reply(reply) }
            if !page.bans.isEmpty { call.replyContinuing(reply) }
            position = next
        }
    }

    private static var listPageSize: Int { 1000 }

    // MARK: Status

    func status(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.submit, call.peer)
        endDueBans()
        refreshGuards(.batch)
        call.reply(
            Status(
                version: Helper.version, mode: enforcer.mode, table: enforcer.layout.table.description,
                started: Timestamp(rawValue: started), bans: book.activeCount,
                generation: Int64(enforcer.generation.number), callers: service?.connectionCount ?? 0,
                subscribers: subscribers.count,
                kernel: KernelInfo(enforcer.features, release: Self.kernelRelease), ledger: ledgerState,
                sets: SetKind.allCases.map(info), problems: problems(), guards: guardCounts,
                socketsCut: cutter.cutCount, shadow: shadowedChecks.isEmpty ? nil : shadowedChecks))
    }

    /// uname(2)
    private static var kernelRelease: String {
        var name = utsname()
        guard uname(&name) == 0 else { return "unknown" }
        return withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    // MARK: Explain

    /// Everything that is known about a subject.
    func explain(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.operate, call.peer)
        let subject = try call.parameters(of: HelperInterface.explain).subject
        endDueBans()
        refreshGuards(.operators)
        do {
            call.reply(try explanation(subject))
        } catch let error as VarlinkFailure {
            throw error
        } catch let error as NftablesError {
            throw VarlinkFailure(kernel: error)
        } catch {
            throw .invalidParameter("subject")
        }
    }

    private func explanation(_ subject: String) throws -> Explanation {
        if let id = UInt64(subject) { return try explanation(ofBan: id) }
        let targets = [Check.accept, .dial, .network].compactMap { try? Target(subject, for: $0) }
        guard let target = targets.first else { return try peerExplanation(subject) }
        let network = target.network
        let bans = book.all { self.touches($0.key, target) }
        let guardEntry = guards.entry(touching: network)
        let isExempt = exempt.sets.contains(network)
        let inbound = deciding(.accept, bans, network, isExempt)
        let outbound = deciding(.dial, bans, network, isExempt)
        let key = target.key(ipv6Prefix: enforcer.layout.ipv6Prefix)
        let isProtected = protected.address(in: key.matched(ipv6Prefix: enforcer.layout.ipv6Prefix)) != nil
        let reason = Reason(bans.first?.reason ?? "operator") ?? .denyListed
        let schedule = schedules.schedule(check: key.check, reason: reason)
        let strikes = strikes(of: key, remembered: schedule, at: clock.monotonic())
        let exemptSet = isExempt ? (network.family == .ipv4 ? SetKind.exempt4 : .exempt6) : nil
        return Explanation(
            subject: subject, inbound: inbound.set == nil, outbound: outbound.set == nil,
            set: (exemptSet ?? inbound.set ?? outbound.set)?.name,
            guardName: guardEntry?.name ?? (isProtected ? .protected : nil),
            bans: bans.map(ban),
            elements: try elements(of: bans), strikes: strikes,
            next: schedule.longest(strikes: strikes + 1).map { Milliseconds($0) },
            feeds: feeds(listing: network),
            shadowed: named(inbound.shadowed + outbound.shadowed))
    }

    /// The set that refuses a packet of this direction, and those that would but for the shadow.
    private func deciding(
        _ check: Check, _ bans: [BanRecord], _ network: IPNetwork, _ isExempt: Bool
    ) -> (set: SetKind?, shadowed: [SetKind]) {
        guard !isExempt else { return (nil, []) }
        let sets = [
            bans.first { $0.key.check == check }?.key.set, coveringSet(network), feedSet(holding: network),
        ].compactMap { $0 }
        return (sets.first { !enforcer.layout.shadows($0) }, sets.filter { enforcer.layout.shadows($0) })
    }

    /// The names of sets, each once; nil where there are none.
    private func named(_ kinds: [SetKind]) -> [String]? {
        let names = SetKind.allCases.filter { kinds.contains($0) }.map(\.name)
        return names.isEmpty ? nil : names
    }

    /// That of what a ban blocks, by the ban's number.
    private func explanation(ofBan id: UInt64) throws -> Explanation {
        guard let record = book.first(where: { $0.id == id }) else {
            throw VarlinkFailure(
                "subject", "no ban \(id) is in force; what became of it, sentinelctl history --id \(id) shows"
            )
        }
        return try explanation(record.key.text(ipv6Prefix: enforcer.layout.ipv6Prefix))
    }

    private func peerExplanation(_ subject: String) throws -> Explanation {
        let bans = book.all { $0.peer == subject }
        guard !bans.isEmpty || PeerID(subject) != nil else {
            throw VarlinkFailure(
                "subject",
                "\(quoted(subject)) is no address, block, endpoint, multiaddr, peer id or ban's number; write 203.0.113.7, "
                    + "203.0.113.0/24, tcp:203.0.113.7:8776 or /ip4/203.0.113.7/tcp/8776")
        }
        let schedule = schedules.schedule(
            check: .dial, reason: Reason(bans.first?.reason ?? "") ?? .denyListed)
        let strikes = bans.map(\.strikes).max() ?? 0
        let enforced = bans.filter { !enforcer.layout.shadows($0.key.set) }
        return Explanation(
            subject: subject, inbound: !enforced.contains { $0.key.check != .dial },
            outbound: !enforced.contains { $0.key.check != .accept }, set: enforced.first?.key.set.name,
            bans: bans.map(ban),
            elements: try elements(of: bans), strikes: strikes,
            next: schedule.longest(strikes: strikes + 1).map { Milliseconds($0) },
            shadowed: named(bans.map(\.key.set).filter { enforcer.layout.shadows($0) }))
    }

    /// Whether a ban says something about a target: it matches packets from or to it, or lies inside it.
    private func touches(_ key: BanKey, _ target: Target) -> Bool {
        switch (key.check, target) {
        case (.accept, _):
            return key.matched(ipv6Prefix: enforcer.layout.ipv6Prefix).overlaps(target.network)
        case (.dial, .endpoint(let endpoint)): return key.endpoint == endpoint
        case (.dial, _): return target.network.contains(key.address)
        case (.network, _): return key.network?.overlaps(target.network) ?? false
        }
    }

    /// The set of blocks that holds all of these addresses.
    private func coveringSet(_ network: IPNetwork) -> SetKind? {
        let kind = SetKind(check: .network, family: network.family)
        guard let segment = covers[kind]?.segment(holding: network.first), segment.last >= network.last else {
            return nil
        }
        return kind
    }

    /// What the kernel has of these bans now.
    private func elements(of bans: [BanRecord]) throws(NftablesError) -> [SetElement] {
        guard enforcer.mode != .released, missing == nil else { return [] }
        var found: [SetElement] = []
        for record in bans.prefix(Self.mostExplained) where record.key.check != .network {
            let text = record.key.text(ipv6Prefix: enforcer.layout.ipv6Prefix)
            found += try enforcer.read([record.key.elementKey], of: record.key.set).map {
                element($0, key: text, ban: record.id)
            }
        }
        for kind in [SetKind.net4, .net6] {
            let ids = Swift.Set(bans.prefix(Self.mostExplained).filter { $0.key.set == kind }.map(\.key))
            guard !ids.isEmpty, let cover = covers[kind] else { continue }
            for segment in cover.segments where ids.contains(segment.id) {
                let ban = book[segment.id]
                let text = IntervalReading.text(from: segment.first, through: segment.last)
                found += try enforcer.read([ElementKey(segment.first)], of: kind).map {
                    element($0, key: text, ban: ban?.id)
                }
            }
        }
        return found
    }

    /// An explanation names so many bans' elements at most.
    private static var mostExplained: Int { 100 }
}

extension KernelInfo {
    fileprivate init(_ features: KernelFeatures, release: String) {
        self.init(
            release: release, ownership: features.ownership, persistence: features.persistence,
            timeoutUpdate: features.timeoutUpdate, elementDestroy: features.elementDestroy,
            setCounts: features.setCounts, socketDestroy: features.socketDestroy)
    }
}
