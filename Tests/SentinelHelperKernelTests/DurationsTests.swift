// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

/// How long bans last, as it is told and as it is.
@Suite(.timeLimit(.minutes(1))) struct DurationsTests {
    private static func terms(hours: Int64) -> Configuration.Durations.Terms {
        var terms = Configuration.Durations.Terms()
        terms.first = .seconds(hours * 3600)
        return terms
    }

    @Test func `The terms that are told are those by which bans are granted`() async throws {
        let configuration = RunningHelper.configuration {
            $0.durations.fallback = Self.terms(hours: 1)
            $0.durations.byCheck[.dial] = Self.terms(hours: 2)
            $0.durations.byReason["spam"] = Self.terms(hours: 3)
            $0.durations.byCheckAndReason[.accept] = ["spam": Self.terms(hours: 4)]
        }
        try await withHelper(configuration) { helper async throws in
            let told = try await helper.client.call(HelperInterface.durations)
            #expect(told.nodeMaximum == Milliseconds(configuration.durations.nodeMaximum))
            #expect(told.schedules.map { $0.check } == [nil, .dial, nil, .accept])
            #expect(told.schedules.map { $0.reason } == [nil, nil, "spam", "spam"])
            let receipts = try await helper.submit([
                BatchTests.denial("192.0.2.1", reason: "rate"),
                BatchTests.denial("192.0.2.2", reason: "spam"),
                BatchTests.denial(.dial, "tcp:192.0.2.1:1", reason: "rate"),
                BatchTests.denial(.dial, "tcp:192.0.2.1:2", reason: "spam"),
            ])
            #expect(receipts.count == 4 && receipts.allSatisfy { $0.enforced })
            for ban in try await helper.list() {
                let schedule = try #require(told.schedule(check: ban.check, reason: ban.reason))
                let granted = try #require(ban.granted).rawValue
                let least = Int64(Double(schedule.first.rawValue) * (1 - schedule.jitter)) - 1
                #expect((least...schedule.first.rawValue).contains(granted), "\(ban.subject)")
            }
        }
    }
}
