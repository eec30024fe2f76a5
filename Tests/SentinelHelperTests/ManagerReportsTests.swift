// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Testing

@testable import SentinelHelper

@Suite struct ManagerReportsTests {
    private func texts(_ notifications: [ServiceManager.Notification]) -> [String] {
        notifications.map { notification in
            switch notification {
            case .watchdog: "sign"
            case .status(let text): text
            default: "other"
            }
        }
    }

    @Test func `A sign of life comes at a third of what the manager waits, and none where it doesn't`() {
        var reports = ManagerReports(watchdog: 30_000_000)
        let signs = stride(from: Int64(0), through: 30_000, by: 1000).filter { now in
            texts(reports.due(at: now) { "s" }).contains("sign")
        }
        #expect(signs == [0, 10_000, 20_000, 30_000])
        var none = ManagerReports(watchdog: nil)
        #expect(texts(none.due(at: 0) { "s" }) == ["s"])
        #expect(ManagerReports(watchdog: 600_000).watchdogInterval == 200)
    }

    @Test func `The state is told when it changes, and not more often than each 3 s`() {
        var reports = ManagerReports(watchdog: nil)
        var bans = 0
        var told: [Int64: String] = [:]
        for now in stride(from: Int64(0), to: 20_000, by: 1000) {
            if now < 10_000 { bans += 1 }
            for text in texts(reports.due(at: now, status: { "\(bans) bans" })) { told[now] = text }
        }
        #expect(told == [0: "1 bans", 3000: "4 bans", 6000: "7 bans", 9000: "10 bans"])
    }

    @Test(
        arguments: [
            (["WATCHDOG_USEC": "3000000"], 3_000_000),
            (["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"], 3_000_000),
            (["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"], nil), (["WATCHDOG_USEC": "0"], nil),
            (["WATCHDOG_USEC": "soon"], nil), ([:], nil),
        ] as [([String: String], Int64?)])
    func `A watchdog is taken from the environment, where it is for this process`(
        environment: [String: String], watchdog: Int64?
    ) {
        #expect(ServiceManager(environment: environment, processID: 7).watchdog == watchdog)
    }
}
