// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration
internal import SentinelProtocol
internal import Varlink

extension Helper {
    /// How long bans last, as the configuration in force says.
    func durations(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.submit, call.peer)
        let durations = configuration.durations
        let schedules = durations.all.map { Schedule($0.terms, check: $0.check?.onWire, reason: $0.reason) }
        call.reply(
            HelperInterface.Durations.Reply(
                nodeMaximum: Milliseconds(durations.nodeMaximum), schedules: schedules))
    }
}

extension Schedule {
    fileprivate init(
        _ terms: Configuration.Durations.Terms, check: SentinelProtocol.Check?, reason: String?
    ) {
        self.init(
            check: check, reason: reason, first: Milliseconds(terms.first), factor: terms.factor,
            maximum: Milliseconds(terms.maximum), jitter: terms.jitter,
            forgetAfter: Milliseconds(terms.forgetAfter), permanentAfter: terms.permanentAfter)
    }
}
