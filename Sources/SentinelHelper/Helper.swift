// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
public import Logging
public import NIOCore
internal import Nftables
internal import Sentinel
public import SentinelConfiguration
internal import SentinelProtocol
internal import Varlink

/// The helper: it is told what nodes deny and what operators ban, and has the kernel's table be so.
///
/// All of it runs on one event loop, that of the service it answers for: no locks, and a denial goes from the socket
/// into the kernel without a change of threads.
public actor Helper {
    public nonisolated let eventLoop: any EventLoop
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        eventLoop.executor.asUnownedSerialExecutor()
    }

    var configuration: Configuration
    var schedules: DurationSchedules<Check>
    let clock: HostClock
    var logger: Logger
    let manager: ServiceManager
    let started: Int64
    let enforcer: Enforcer
    let cutter: Cutter
    var cutting: Scheduled<Void>?
    /// Why the last round of cutting ended early; nil where it went well.
    var cuttingProblem: String?
    var shadowing = Shadowing()
    var access: AccessControl
    var hostGuards: HostGuards
    var exempt: ExemptState
    var protected: ProtectedAddresses
    var submissions = Submissions()
    /// Lists that are being named, by connection.
    var imports: [UInt64: StagedImport] = [:]
    var keeping = LedgerKeeping()
    var book: BanBook
    var covers: [SetKind: NetworkCover<BanKey>] = [.net4: NetworkCover([]), .net6: NetworkCover([])]
    var subscribers: [UInt64: Subscriber] = [:]
    /// What has happened since this runs.
    var tally = EventTally()
    var generator = SystemRandomNumberGenerator()
    /// The users whose dials are checked, by number.
    var nodeUsers: [UInt32]
    /// Which of the configured users there aren't.
    var userProblems: [String]
    /// Why the last repair failed; nil where there was none to make, or it went well.
    var repairProblem: String?
    /// What of the operator's table is missing, with the remedy; nil where nothing is, or the table is our own.
    var missing: String?
    /// Bans that the kernel has no place for yet.
    var waiting = Waiting()
    /// How far the sets have been compared with the book.
    var audit = Audit()
    /// Where this is called; nil before it is and after it has ended.
    var service: VarlinkService?
    /// Why fewer callers can be had than are configured.
    var limitProblem: String?
    var reports: ManagerReports
    var reloading = Reloading()
    var feeds = FeedKeeping()
    private var wakeup: Scheduled<Void>?
    private var wakesAt: MonotonicMilliseconds = .max

    /// Opens the kernel. Nothing is changed in it before ``start()``.
    ///
    /// - Throws: ``HelperError`` where the configuration names what isn't there, or the kernel can't be used.
    /// - Precondition: called on the event loop: its thread's network namespace is the one that is looked after.
    public init(
        _ configuration: Configuration, on eventLoop: any EventLoop, manager: ServiceManager, logger: Logger,
        clock: HostClock = .system
    ) throws(HelperError) {
        try self.init(
            configuration, on: eventLoop, manager: manager, logger: logger, clock: clock, limit: .all)
    }

    /// - Parameter limit: what is made use of at most of what the kernel offers.
    init(
        _ configuration: Configuration, on eventLoop: any EventLoop, manager: ServiceManager, logger: Logger,
        clock: HostClock, limit: KernelFeatures, resolverFiles: Resolvers.Files = .system
    ) throws(HelperError) {
        eventLoop.preconditionInEventLoop()
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.manager = manager
        self.logger = logger
        self.clock = clock
        reports = ManagerReports(watchdog: manager.watchdog)
        started = clock.wall()
        feeds.configure(configuration.feeds)
        schedules = try DurationSchedules(configuration.durations)
        access = AccessControl(configuration.access)
        (nodeUsers, userProblems) = Self.resolveUsers(configuration.node.users)
        let hostGuards = HostGuards(
            GuardSettings(configuration), resolverFiles: resolverFiles, at: clock.monotonic())
        exempt = ExemptState(sets: ExemptSets(hostGuards.guards))
        self.hostGuards = hostGuards
        protected = ProtectedAddresses(ipv6Prefix: configuration.table.ipv6Prefix)
        book = BanBook(capacity: BanBook.capacity(configuration.capacity))
        do {
            enforcer = try Enforcer(
                layout: Layout(configuration),
                holding: .init(
                    inherited: manager.takeDescriptor(named: "nftables"), hasStore: manager.hasStore),
                isShared: configuration.table.mode == .shared, limit: limit)
        } catch {
            throw HelperError(kernel: error)
        }
        enforcer.willChange = { [manager] in manager.announceWork(on: $0) }
        cutter = Cutter(
            NodeSockets(ports: Set(configuration.node.ports), users: Set(nodeUsers)),
            ipv6Prefix: configuration.table.ipv6Prefix, destroysSockets: enforcer.features.socketDestroy)
    }

    /// Users that the configuration names and the system doesn't know are no reason not to start: the node may be
    /// installed later. They are a problem to show.
    static func resolveUsers(_ accounts: [Account]) -> (numbers: [UInt32], problems: [String]) {
        var numbers: [UInt32] = []
        var problems: [String] = []
        for account in accounts {
            if let number = AccountNames.user(account.description) {
                numbers.append(number)
            } else {
                problems.append(
                    "[node] users: there is no user \"\(account)\", so its dials aren't checked; create it or correct the "
                        + "name, then reload sentineld")
            }
        }
        return (numbers, problems)
    }

    // MARK: Life

    /// Opens the ledger, then makes the kernel's table, or takes over the one that an earlier run left: from then on
    /// both are equal.
    ///
    /// - Throws: ``HelperError`` where the kernel refuses, or another process owns the table.
    public func start() throws(HelperError) {
        let counting = enforcer.countingSets()
        do {
            let isLedgerWhole = openLedger()
            endDueBans()
            manager.announceWork(on: book.activeCount)
            try bringAbout(isLedgerWhole: isLedgerWhole)
        } catch {
            throw HelperError(kernel: error)
        }
        manager.store(enforcer.descriptor, name: "nftables")
        logger.notice(
            missing == nil ? "enforcing" : "waiting for sets",
            metadata: [
                "table": "\(enforcer.layout.table)", "mode": "\(enforcer.mode)",
                "bans": "\(book.activeCount)",
            ])
        for problem in problems() { logger.warning("\(problem)") }
        beginShadow(after: counting)
        wake()
    }

    /// Stops looking after the table; the kernel goes on enforcing, and ends each ban in its time.
    public func stop() {
        wakeup?.cancel()
        wakeup = nil
        cutting?.cancel()
        shadowing.stop()
        wakesAt = .min
        closeLedger()
        audit.next?.cancel()
        // It holds this: the socket that owns the table would never be closed.
        service = nil
        guard enforcer.mode == .owned else { return }
        logger.notice(
            """
            the table stays as long as the service manager keeps its socket: over a restart; a stop of the unit \
            releases the table, unless the unit has FileDescriptorStorePreserve=yes (systemd 254)
            """)
    }

    /// The sets that hold no bans.
    func fixedElements() -> [SetKind: [Element]] {
        var elements = exempt.sets.elements
        elements[.nodePorts] = configuration.node.ports.map {
            Element(ElementKey($0.transport, port: $0.number))
        }
        elements[.nodeUsers] = nodeUsers.map { Element(ElementKey(uid: $0)) }
        return elements
    }

    /// All that the table should hold now.
    func contents() -> Enforcer.Contents {
        var contents = Enforcer.Contents(elements: fixedElements(), feeds: feeds.inKernel ?? feeds.wanted)
        for kind in SetKind.ofBans where !kind.flags.contains(.interval) {
            contents.bans[kind] = AnySequence(
                book.keys(in: kind).lazy.compactMap { [book, clock] key in
                    book[key].flatMap { Self.element($0, at: clock.monotonic()) }
                })
        }
        for (kind, cover) in covers { contents.elements[kind] = intervalElements(cover.segments) }
        return contents
    }

    // MARK: What happens by itself

    /// Ends bans whose time has come, follows the host's addresses and the ruleset. Comes back each second, or when
    /// the next ban ends.
    private func wake() {
        endDueBans()
        refreshGuards(.tick)
        watchTable()
        enforceWaiting()
        lookAfterLedger()
        lookAfterFeeds()
        reportToManager()
        wakesAt = .max
        scheduleWakeup()
    }

    /// Sees to it that the next ban's end is noticed in time.
    func scheduleWakeup() {
        let now = clock.monotonic()
        let end = book.nextEnd?.addingSaturating(clock.tick)
        let next = min(now + min(1000, reports.watchdogInterval ?? 1000), max(end ?? .max, now))
        guard next < wakesAt else { return }
        wakeup?.cancel()
        wakesAt = next
        wakeup = eventLoop.scheduleTask(in: .milliseconds(next - now)) { [weak self] in
            self?.assumeIsolated { $0.wake() }
        }
    }

    /// The kernel has dropped the elements by itself; here their bans end.
    func endDueBans() {
        let now = clock.monotonic() - clock.tick
        while true {
            let ended = book.expire(at: now, limit: 1000) { [schedules] in
                $0.forgotten(by: schedules, from: now)
            }
            guard !ended.isEmpty else { return }
            for record in ended { waiting.remove(record.key) }
            recover(covers: ended.map(\.key.set))
            tell(ended.map { BanChange(kind: .expired, record: $0) })
        }
    }

    /// Computes the covers of these sets anew from the book.
    func recover(covers kinds: some Sequence<SetKind>) {
        for kind in Swift.Set(kinds) where covers[kind] != nil { covers[kind] = cover(kind, changed: [:]) }
    }

    // MARK: What needs the operator's eye

    func problems() -> [String] {
        var problems = userProblems
        if let limitProblem { problems.append(limitProblem) }
        if enforcer.mode == .watched {
            problems.append(
                "the table isn't owned, so other programs can flush it; it is repaired within 1.5 s. A kernel from 6.9 "
                    + "on, or from 5.12 on with systemd's descriptor store, keeps it from being flushed at all"
            )
        }
        if !enforcer.features.socketDestroy {
            problems.append(
                "this kernel can't destroy sockets, so connections of banned peers stay open in the node until it "
                    + "notices that no packet comes; a kernel with CONFIG_INET_DIAG_DESTROY has it notice at once"
            )
        }
        if configuration.node.ports.isEmpty {
            problems.append(
                "[node] ports is empty, so accept bans match nothing; list the node's listening ports")
        }
        for kind in SetKind.ofBans {
            guard let capacity = kind.capacity(configuration.capacity) else { continue }
            let count = book.activeCount(in: kind)
            if count * 10 >= capacity * 9 {
                problems.append(
                    "\(kind.name) holds \(count) bans of \(capacity); raise [capacity] or shorten [durations]"
                )
            }
        }
        if let missing { problems.append("nothing is enforced: \(missing)") }
        problems += [repairProblem, exempt.problem, cuttingProblem, shadowing.problem].compactMap { $0 }
        problems += ledgerProblems
        problems += feedProblems
        problems += waitingProblems
        return problems
    }
}

extension BanRecord {
    /// When the strikes of a ban that ends now are forgotten.
    func forgotten(by schedules: DurationSchedules<Check>, from now: MonotonicMilliseconds)
        -> MonotonicMilliseconds
    {
        guard let reason = Reason(reason) else { return now }
        let memory = schedules.schedule(check: key.check, reason: reason).terms.forgetAfter
        return max(now, renewed.addingSaturating(Milliseconds(memory).rawValue))
    }
}

extension Int64 {
    /// The sum, or the largest number where it would be larger.
    func addingSaturating(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
