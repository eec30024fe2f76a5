// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Logging
internal import NIOCore
internal import Nftables
internal import SentinelProtocol

/// What is known of bans in shadow beyond what the kernel counts.
struct Shadowing {
    /// Since when it is looked who is connected, in milliseconds of the wall clock since 1970; nil where nothing is in
    /// shadow.
    var since: Int64?
    /// How many bans have been in shadow since then, of each set that is.
    var seen: [SetKind: Int] = [:]
    var contacts = ShadowContacts(mostContacts: 1_000)
    /// Why the last look ended early; nil where it went well.
    var problem: String?
    /// The sets that have come out of shadow and whose bans' connections are still to be cut.
    fileprivate var cutting: Swift.Set<SetKind> = []
    fileprivate let survey = SocketSurvey()
    fileprivate var next: Scheduled<Void>?
    fileprivate var began = ContinuousClock.now
    /// How long the look has worked.
    fileprivate var busy = Duration.zero

    /// How often it is looked.
    static var interval: Duration { .seconds(2) }

    /// A ban has come about in a set that is in shadow.
    mutating func count(_ kind: SetKind, by number: Int = 1) {
        if let count = seen[kind] { seen[kind] = count + number }
    }

    func stop() { next?.cancel() }
}

extension Helper {
    /// The checks that are in shadow.
    var shadowedChecks: [ShadowedCheck] {
        let checks: [(ShadowedCheck, SetKind)] = [
            (.accept, .accept4), (.dial, .dial4), (.network, .net4), (.feed, .feed4),
        ]
        return checks.filter { enforcer.layout.shadows($0.1) }.map(\.0)
    }

    /// What is said of it to whoever looks at the service, or at the log.
    var shadowWarning: String? {
        let checks = shadowedChecks
        guard !checks.isEmpty else { return nil }
        return
            "in shadow: \(checks.map(\.rawValue).joined(separator: ", ")); what their bans match is counted and "
            + "passes, see sentinelctl shadow report"
    }

    private var shadowedSets: [SetKind] { SetKind.ofBans.filter { enforcer.layout.shadows($0) } }

    // MARK: Into it, and out of it

    /// Begins to look, where something is in shadow.
    ///
    /// - Parameter before: the sets that have been in shadow until now: where they aren't any more, the connections of their
    ///   bans are cut.
    func beginShadow(after before: Swift.Set<SetKind> = []) {
        shadowing.cutting = shadowing.cutting.union(before).filter { !enforcer.layout.shadows($0) }
        for kind in shadowedSets where shadowing.seen[kind] == nil {
            shadowing.seen[kind] = book.activeCount(in: kind)
        }
        if let warning = shadowWarning {
            logger.warning("\(warning)")
            if shadowing.since == nil { shadowing.since = clock.wall() }
        } else {
            shadowing.since = nil
        }
        scheduleLook()
    }

    /// Takes note of what a reload has put into shadow or taken out of it: connections that bans cover which refuse from now
    /// on are cut, and who watches is told.
    func changeShadow(from before: Layout) {
        let after = enforcer.layout
        let (left, entered) = Layout.shadowChange(from: before, to: after)
        // Which sockets are looked at may have changed as well.
        shadowing.contacts.forgetConnections()
        shadowing.survey.begin([])
        guard !left.isEmpty || !entered.isEmpty else { return }
        shadowing.contacts.keep { after.shadows($0.key.set) }
        for kind in left { shadowing.seen[kind] = nil }
        beginShadow(after: Swift.Set(left))
        tellShadow(left) { checks, bans in
            "out of shadow: \(checks). \(bans) in force there \(bans == "1 ban" ? "refuses" : "refuse") from now on"
        }
        tellShadow(entered) { checks, bans in
            "in shadow from now on: \(checks). \(bans) in force there \(bans == "1 ban" ? "refuses" : "refuse") nobody"
        }
    }

    private func tellShadow(_ kinds: [SetKind], _ message: (String, String) -> String) {
        guard !kinds.isEmpty else { return }
        let bans = bans(in: kinds)
        let checks = kinds.filter { $0.name.hasSuffix("4") }.map { $0.check?.rawValue ?? "feed" }
        let text = message(checks.joined(separator: ", "), "\(bans) \(bans == 1 ? "ban" : "bans")")
        logger.notice("\(text)")
        publish([Event(kind: .shadow, time: Timestamp(rawValue: clock.wall()), message: text)])
    }

    // MARK: Who is connected

    private func scheduleLook(after wait: Duration = .zero) {
        shadowing.next?.cancel()
        shadowing.next = nil
        guard !shadowedSets.isEmpty || !shadowing.cutting.isEmpty else { return }
        shadowing.next = eventLoop.scheduleTask(in: TimeAmount(wait)) { [weak self] in
            self?.assumeIsolated { $0.look() }
        }
    }

    /// Begins a look at the node's sockets or goes on with one, for half a millisecond; never for more than a tenth of the
    /// time.
    private func look() {
        if !shadowing.survey.isAtWork { beginLook() }
        let started = ContinuousClock.now
        let now = clock.wall()
        var covered: Swift.Set<BanKey> = []
        var isWhole = true
        do {
            try shadowing.survey.work(for: Self.lookingStep) { socket, traffic in
                note(socket, traffic, at: now, toCut: &covered)
            }
            shadowing.problem = nil
        } catch {
            isWhole = false
            let problem =
                "the node's sockets can't be looked at for the report of what is in shadow: \(error)"
            if problem != shadowing.problem { logger.error("\(problem)") }
            shadowing.problem = problem
        }
        shadowing.busy += .now - started
        cut(Array(covered))
        guard !shadowing.survey.isAtWork else { return scheduleLook(after: Self.lookingStep) }
        shadowing.contacts.end(isWhole: isWhole)
        if isWhole { shadowing.cutting = [] }
        let rest = Shadowing.interval - (.now - shadowing.began)
        scheduleLook(after: max(rest, shadowing.busy * Self.restPerWork))
    }

    private static var lookingStep: Duration { .microseconds(500) }
    private static var restPerWork: Int { 9 }

    private func beginLook() {
        shadowing.began = .now
        shadowing.busy = .zero
        shadowing.contacts.begin(nextID: book.nextID)
        guard enforcer.mode != .released else { return }
        let kinds = (shadowedSets + shadowing.cutting).filter { book.activeCount(in: $0) > 0 }
        guard !kinds.isEmpty else { return }
        let keys = bans(in: kinds) <= SocketFilter.mostConditions ? kinds.flatMap { book.keys(in: $0) } : nil
        shadowing.survey.begin(
            SocketQuestion.covering(
                keys, onlySources: kinds.allSatisfy { $0.check == .accept }, cutter.node,
                ipv6Prefix: enforcer.layout.ipv6Prefix))
    }

    private func note(
        _ socket: DiagnosedSocket, _ traffic: SocketTraffic?, at now: Int64,
        toCut covered: inout Swift.Set<BanKey>
    ) {
        let bans = bans(covering: socket)
        covered.formUnion(bans.map(\.key).filter { shadowing.cutting.contains($0.set) })
        let shadowed = bans.filter { enforcer.layout.shadows($0.key.set) }
        // Of a TCP connection of which nothing is told nothing is known.
        guard !shadowed.isEmpty, traffic != nil || socket.remoteEndpoint.transport == .udp else { return }
        var traffic = traffic
        if let sent = traffic?.sent, !cutter.node.listen(.tcp, socket.localPort) {
            // A dialled connection's beginning is no byte of anybody's.
            traffic?.sent = max(0, sent - 1)
        }
        shadowing.contacts.note(
            .init(cookie: socket.cookie, remote: socket.remote, traffic: traffic), shadowed, at: now)
    }

    /// The bans that would shut a socket of the node's out but for the shadow, or do so from now on: as the kernel's rules
    /// match its packets, in and out.
    private func bans(covering socket: DiagnosedSocket) -> [BanRecord] {
        let (remote, node) = (socket.remoteEndpoint, cutter.node)
        let isInbound = node.listen(remote.transport, socket.localPort)
        let isOutbound = node.users.contains(socket.user)
        guard isInbound || isOutbound, !exempt.sets.contains(remote.address) else { return [] }
        var keys: [BanKey] = []
        if isInbound {
            keys.append(BanKey(source: remote.address, ipv6Prefix: enforcer.layout.ipv6Prefix))
        }
        if isOutbound { keys.append(BanKey(destination: remote)) }
        let blocks = SetKind(check: .network, family: remote.address.family)
        if let segment = covers[blocks]?.segment(holding: remote.address) { keys.append(segment.id) }
        return keys.filter { enforcer.layout.shadows($0.set) || shadowing.cutting.contains($0.set) }
            .compactMap { book[$0] }
    }
}
