// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration
internal import SentinelProtocol

extension HelperInterface.Durations.Reply {
    /// What a helper with this configuration tells.
    init(_ durations: Configuration.Durations) {
        self.init(
            nodeMaximum: Milliseconds(durations.nodeMaximum),
            schedules: durations.all.map { check, reason, terms in
                Schedule(
                    check: check.map { SentinelProtocol.Check(rawValue: $0.rawValue)! }, reason: reason,
                    first: Milliseconds(terms.first), factor: terms.factor,
                    maximum: Milliseconds(terms.maximum),
                    jitter: terms.jitter, forgetAfter: Milliseconds(terms.forgetAfter),
                    permanentAfter: terms.permanentAfter)
            })
    }
}
