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
        var schedules = [Schedule(durations.fallback)]
        for check in Configuration.Check.allCases {
            if let terms = durations.byCheck[check] { schedules.append(Schedule(terms, check: check.onWire)) }
        }
        for (reason, terms) in durations.byReason.sorted(by: { $0.key < $1.key }) {
            schedules.append(Schedule(terms, reason: reason))
        }
        for check in Configuration.Check.allCases {
            for (reason, terms) in (durations.byCheckAndReason[check] ?? [:]).sorted(by: { $0.key < $1.key })
            {
                schedules.append(Schedule(terms, check: check.onWire, reason: reason))
            }
        }
        call.reply(
            HelperInterface.Durations.Reply(
                nodeMaximum: Milliseconds(durations.nodeMaximum), schedules: schedules))
    }
}

extension Schedule {
    fileprivate init(
        _ terms: Configuration.Durations.Terms, check: SentinelProtocol.Check? = nil, reason: String? = nil
    ) {
        self.init(
            check: check, reason: reason, first: Milliseconds(terms.first), factor: terms.factor,
            maximum: Milliseconds(terms.maximum), jitter: terms.jitter,
            forgetAfter: Milliseconds(terms.forgetAfter), permanentAfter: terms.permanentAfter)
    }
}
