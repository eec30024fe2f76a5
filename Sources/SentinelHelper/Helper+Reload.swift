// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Nftables
internal import Sentinel
public import SentinelConfiguration
internal import SentinelProtocol
internal import Varlink

// A configuration is taken while the helper runs: read by the reader without privileges as at the start, checked whole,
// then applied whole, in one transaction in the kernel, or refused, and nothing has changed. What is done with each
// section:
//
//     [table] hook, devices, priority   the table is made anew, with all that it holds
//     [capacity]                        the same, for a set's size can't be changed; and the book's
//     [shadow]                          the table's rules, in one transaction; bans and their counters stay
//     [node] ports, users               their sets
//     [node] widest4, widest6           hold for requests to come
//     [exempt], [guards]                the guards; the exempt sets follow in a transaction of their own
//     [ledger] history, events          hold from the next clearing out on
//     [access]                          for calls to come, on connections that there are as well
//     [socket]                          what callers may use, from now on
//     [durations]                       bans to come; those in force keep their ends
//     [[feed]]                          the files are looked at then, at once
//     [log]                             lines to come
//     Helper.needRestart                refused
//
// Names of users and groups are looked up again, whether they have changed or not.

extension Helper {
    /// Where the configuration is read from when it is read again.
    public struct ConfigurationSource: Sendable {
        /// The file's path.
        public let file: String
        /// Reads it. Blocks its thread.
        public let read: @Sendable () throws(ConfigurationError) -> Configuration

        public init(file: String, read: @escaping @Sendable () throws(ConfigurationError) -> Configuration) {
            self.file = file
            self.read = read
        }
    }

    /// Reloads that are asked for.
    struct Reloading {
        var source: ConfigurationSource?
        /// Whether the configuration is being read.
        var isReading = false
        /// Whom to tell. Who comes while it is being read has it read once more, for the file may be another by now.
        var waiting: [Request] = []
        /// Who is told of the one that is being read.
        var beingServed: [Request] = []

        struct Request {
            let caller: String
            /// Whether nothing is to be changed.
            let isDryRun: Bool
            let answer: (Outcome) -> Void
        }
    }

    /// What came of a reload.
    enum Outcome {
        /// What has changed, or would.
        case applied([ConfigurationChange], rebuilt: Bool, enforced: Int?, shadowed: Int?)
        /// All that stands against it.
        case refused([String])
    }

    /// What can't be changed while the helper runs.
    static let needRestart = [
        ConfigurationKey("table", "name"), ConfigurationKey("table", "ipv6_prefix"),
        ConfigurationKey("table", "mode"), ConfigurationKey("socket", "path"),
        ConfigurationKey("socket", "mode"), ConfigurationKey("ledger", "directory"),
    ]

    // MARK: Asking for it

    func reload(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.operate, call.peer)
        let parameters = try call.parameters(of: HelperInterface.reload)
        let file = reloading.source?.file
        reload(for: access.caller(call.peer), isDryRun: parameters.dryRun ?? false) { outcome in
            switch outcome {
            case .applied(let changes, let rebuilt, let enforced, let shadowed):
                call.reply(
                    HelperInterface.Reload.Reply(
                        file: file,
                        changes: changes.map { .init(key: $0.key.description, old: $0.old, new: $0.new) },
                        rebuilt: rebuilt, enforced: enforced, shadowed: shadowed))
            case .refused(let problems):
                call.fail(VarlinkFailure(HelperInterface.ReloadRefused(problems: problems)))
            }
        }
    }

    func reload(for caller: String) {
        reload(for: caller, isDryRun: false) { _ in }
    }

    private func reload(for caller: String, isDryRun: Bool, answer: @escaping (Outcome) -> Void) {
        reloading.waiting.append(.init(caller: caller, isDryRun: isDryRun, answer: answer))
        if !reloading.isReading { readConfiguration() }
    }

    // MARK: Reading

    private func readConfiguration() {
        let waiting = reloading.waiting
        reloading.waiting = []
        guard let read = reloading.source?.read else {
            let problem = "this sentineld was started without a configuration file; restart it with one"
            for request in waiting { request.answer(.refused([problem])) }
            return
        }
        reloading.isReading = true
        reloading.beingServed = waiting
        if !waiting.allSatisfy(\.isDryRun) { manager.notify(.reloading(since: Self.microseconds)) }
        let result = NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
            () -> Result<Configuration, ConfigurationError> in
            do throws(ConfigurationError) {
                return .success(try read())
            } catch {
                return .failure(error)
            }
        }
        result.whenComplete { result in self.assumeIsolated { $0.finishReading(result) } }
    }

    private func finishReading(_ result: Result<Result<Configuration, ConfigurationError>, any Error>) {
        let dryRuns = reloading.beingServed.filter(\.isDryRun)
        let reloads = reloading.beingServed.filter { !$0.isDryRun }
        reloading.beingServed = []
        reloading.isReading = false
        serve(dryRuns, outcome(result, foreseen))
        if !reloads.isEmpty {
            let outcome = outcome(result, apply)
            log(outcome, for: reloads.map(\.caller))
            manager.notify(.ready)
            reportToManager()
            serve(reloads, outcome)
        }
        if !reloading.waiting.isEmpty { readConfiguration() }
    }

    private func outcome(
        _ result: Result<Result<Configuration, ConfigurationError>, any Error>,
        _ taking: (Configuration) -> Outcome
    ) -> Outcome {
        switch result {
        case .success(.success(let configuration)): taking(configuration)
        case .success(.failure(let error)): .refused(error.problems.map(\.description))
        case .failure(let error): .refused(["the configuration can't be read: \(error); try it again"])
        }
    }

    private func serve(_ requests: [Reloading.Request], _ outcome: Outcome) {
        for request in requests { request.answer(outcome) }
    }

    /// clock_gettime(2), as sd_notify(3) wants it.
    private static var microseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    private func log(_ outcome: Outcome, for callers: [String]) {
        let caller: Logger.Metadata = ["caller": "\(callers.joined(separator: ", "))"]
        switch outcome {
        case .applied(let changes, let rebuilt, _, _):
            for change in changes {
                logger.notice(
                    "configured",
                    metadata: ["key": "\(change.key)", "old": "\(change.old)", "new": "\(change.new)"])
            }
            let more: Logger.Metadata = ["changes": "\(changes.count)", "table_rebuilt": "\(rebuilt)"]
            logger.notice("reloaded", metadata: caller.merging(more) { $1 })
            for problem in userProblems { logger.warning("\(problem)") }
        case .refused(let problems):
            for problem in problems { logger.error("can't reload, nothing has changed: \(problem)") }
            logger.error("reload refused", metadata: caller)
        }
    }

    // MARK: Applying

    /// What would come of a configuration that is valid by itself.
    private func foreseen(_ new: Configuration) -> Outcome {
        guard enforcer.mode != .released else {
            return .refused(["the table has been released; restart sentineld to enforce again"])
        }
        let changes = configuration.changes(to: new)
        endDueBans()
        let obstacles = obstacles(to: new, changes)
        guard obstacles.isEmpty else { return .refused(obstacles) }
        let (layout, layoutBefore) = (Layout(new), enforcer.layout)
        let (left, entered) = Layout.shadowChange(from: layoutBefore, to: layout)
        return .applied(
            changes, rebuilt: !layout.differsInRulesOnly(from: layoutBefore),
            enforced: left.isEmpty ? nil : bans(in: left), shadowed: entered.isEmpty ? nil : bans(in: entered)
        )
    }

    /// How many bans are in force in some sets.
    func bans(in kinds: [SetKind]) -> Int { kinds.reduce(0) { $0 + book.activeCount(in: $1) } }

    /// Takes a configuration that is valid by itself, or says all that stands against it here.
    private func apply(_ new: Configuration) -> Outcome {
        let foreseen = foreseen(new)
        guard case .applied(_, let rebuilt, _, _) = foreseen else { return foreseen }
        let before = (configuration, schedules, access, nodeUsers, userProblems)
        let fixed = fixedElements()
        let (layout, layoutBefore) = (Layout(new), enforcer.layout)
        do {
            schedules = try DurationSchedules(new.durations)
            configuration = new
            access = AccessControl(new.access)
            (nodeUsers, userProblems) = Self.resolveUsers(new.node.users)
            if rebuilt {
                try rebuild(as: layout)
            } else {
                // What is right already isn't touched: a lookup on its way might find neither the old nor the new.
                let changed = fixedElements().filter { Swift.Set($0.value) != Swift.Set(fixed[$0.key] ?? []) }
                if layout != layoutBefore {
                    try enforcer.rewriteRules(as: layout, changed)
                } else if missing == nil, !changed.isEmpty {
                    try enforcer.rewrite(changed)
                }
            }
        } catch {
            (configuration, schedules, access, nodeUsers, userProblems) = before
            return .refused(["\(error)"])
        }
        cutter.node = NodeSockets(ports: Set(new.node.ports), users: Set(nodeUsers))
        setGuards(new)
        feeds.configure(new.feeds)
        lookAfterFeeds()
        book.capacity = BanBook.capacity(new.capacity)
        logger.logLevel = Logger.Level(rawValue: new.log.level.rawValue) ?? .info
        let limits = CallerLimits(new.socket)
        limitProblem = limits.problem
        service?.setLimits(limits.limits)
        changeShadow(from: layoutBefore)
        return foreseen
    }

    /// What stands against a configuration here and now.
    private func obstacles(to new: Configuration, _ changes: [ConfigurationChange]) -> [String] {
        var obstacles = changes.filter { Self.needRestart.contains($0.key) }.map { change in
            "\(change.key): can't be changed while sentineld runs, from \(change.old) to \(change.new); restart "
                + "sentineld for it, or take it back"
        }
        if enforcer.mode == .shared, Layout(new) != enforcer.layout {
            obstacles.append(
                "[capacity]: in shared mode it can't be changed while sentineld runs; see to it that the sets in your "
                    + "table have the size, and restart sentineld")
        }
        for kind in SetKind.ofBans {
            guard let capacity = kind.capacity(new.capacity), book.activeCount(in: kind) > capacity else {
                continue
            }
            obstacles.append(
                "[capacity]: \(capacity) is less than the \(book.activeCount(in: kind)) bans that \(kind.name) holds; "
                    + "raise it, or lift some of them")
        }
        return obstacles + feedObstacles(to: new.capacity)
    }
}
