// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import SentinelConfiguration
internal import SentinelProtocol

/// What the operator has said about guards.
struct GuardSettings: Hashable, Sendable {
    /// Whom nothing may block, besides whom the host itself needs.
    var exempt: [IPNetwork] = []
    /// Where sshd listens; none: nobody is guarded for being logged in.
    var sshPorts: [UInt16] = []
    /// sshd's LoginGraceTime, in milliseconds.
    var loginGrace: Int64 = 120_000
}

extension GuardSettings {
    init(_ configuration: Configuration) {
        exempt = configuration.exempt.addresses
        sshPorts = configuration.guards.sshPorts
        loginGrace = Milliseconds(configuration.guards.loginGrace).rawValue
    }
}
