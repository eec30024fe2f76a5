// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration
internal import Varlink

/// What callers may use, by the configuration and by what the system leaves.
struct CallerLimits {
    let limits: VarlinkService.Limits
    /// What the operator should know.
    let problem: String?

    /// Raises the process's limit of descriptors to what is configured, as far as it may be. What isn't to be had is
    /// no caller's either: or it would be an operator's that is missing.
    init(_ socket: Configuration.Socket) {
        let wanted = socket.connections + socket.reservedConnections + DescriptorLimit.own
        let missing = max(0, wanted - DescriptorLimit.raise(to: wanted))
        limits = VarlinkService.Limits(socket, connections: max(1, socket.connections - missing))
        problem =
            missing == 0
            ? nil
            : "[socket] connections is \(socket.connections), but the limit of open files leaves "
                + "\(limits.connections); raise LimitNOFILE= in sentineld's unit to \(wanted)"
    }
}

extension VarlinkService.Limits {
    fileprivate init(_ socket: Configuration.Socket, connections: Int) {
        self.init()
        self.connections = connections
        connectionsPerUser = socket.connectionsPerUser
        reservedConnections = socket.reservedConnections
        callBytes = socket.callBytes
        bytesPerUser = socket.bytesPerUser
        unsentBytes = min(unsentBytes, socket.bytesPerUser)
        calls = .init(perSecond: socket.callsPerSecond, saved: socket.callsPerSecond * Self.savedSeconds)
        work = .init(perSecond: socket.denialsPerSecond, saved: socket.denialsPerSecond * Self.savedSeconds)
        stalledAfter = socket.stalledAfter
    }

    /// How many seconds' worth of its rate a caller may save up.
    private static var savedSeconds: Int { 10 }
}
