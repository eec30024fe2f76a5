// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import SentinelProtocol

/// The guards that follow the host: each source is asked whether it has changed, and what it says put together.
struct HostGuards: ~Copyable {
    /// As of the last time.
    private(set) var guards = Guards()

    private var settings: GuardSettings
    private var network = HostNetwork()
    private var resolvers: Resolvers
    private var sessions = OperatorSessions()
    private let diagnostics = SocketDiagnostics()
    /// When the SSH connections are looked at again.
    private var nextLook = MonotonicMilliseconds.min

    init(_ settings: GuardSettings, resolverFiles: Resolvers.Files, at now: MonotonicMilliseconds) {
        self.settings = settings
        resolvers = Resolvers(resolverFiles)
        _ = lookAtSessions(at: now)
        compose()
    }

    /// What in the host made a difference.
    struct Change: OptionSet {
        let rawValue: UInt8
        static let network = Change(rawValue: 1)
        static let resolvers = Change(rawValue: 2)
        static let sessions = Change(rawValue: 4)
    }

    /// Why the sources are asked, and so which of them.
    enum Occasion {
        /// A node's batch of denials: what has been notified, for one system call.
        case batch
        /// Each second: also the files, and every few seconds the SSH connections.
        case tick
        /// An operator bans or asks: everything.
        case operators
    }

    /// Asks the sources. Costs some system calls while nothing has changed.
    mutating func refresh(at now: MonotonicMilliseconds, _ occasion: Occasion) -> Change {
        var change: Change = []
        if network.refresh() { change.insert(.network) }
        if occasion != .batch, resolvers.refresh() { change.insert(.resolvers) }
        if occasion == .operators || occasion == .tick && now >= nextLook, lookAtSessions(at: now) {
            change.insert(.sessions)
        }
        if !change.isEmpty { compose() }
        return change
    }

    /// Puts other settings in place of the present ones.
    mutating func apply(_ settings: GuardSettings, at now: MonotonicMilliseconds) {
        self.settings = settings
        if settings.sshPorts.isEmpty { sessions = OperatorSessions() }
        _ = lookAtSessions(at: now)
        compose()
    }

    private mutating func lookAtSessions(at now: MonotonicMilliseconds) -> Bool {
        nextLook = now + Self.lookInterval
        guard !settings.sshPorts.isEmpty,
            let connections = diagnostics.connections(toPorts: settings.sshPorts, limit: Self.mostRead)
        else { return false }
        return sessions.update(connections, loginGrace: settings.loginGrace, at: now)
    }

    /// In milliseconds.
    private static var lookInterval: Int64 { 5000 }
    private static var mostRead: Int { 4 * OperatorSessions.mostConnections }

    private mutating func compose() {
        guards = Guards(
            host: [
                (.ownAddress, network.addresses), (.gateway, network.gateways),
                (.resolver, resolvers.addresses),
                (.operatorSession, sessions.addresses),
            ], exempt: settings.exempt)
    }
}
