// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Inet
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Synchronization
import Testing
import Varlink

@testable import SentinelHelper

/// Clocks as a host has them: the monotonic one begins anew with each boot.
private final class BootClock: Sendable {
    private struct Times {
        var monotonic: Int64 = 100_000
        var wall: Int64 = 1_700_000_000_000
        var boot = 1
    }

    private let times = Mutex(Times())

    var host: HostClock {
        HostClock(
            monotonic: { self.times.withLock { $0.monotonic } }, wall: { self.times.withLock { $0.wall } },
            boot: "boot-\(times.withLock { $0.boot })")
    }

    func pass(_ seconds: Int64) {
        times.withLock {
            $0.monotonic += seconds * 1000
            $0.wall += seconds * 1000
        }
    }

    /// Another boot, after so many seconds by the wall clock, which may be negative.
    func reboot(after seconds: Int64) {
        times.withLock {
            $0.boot += 1
            $0.monotonic = 5000
            $0.wall += seconds * 1000
        }
    }
}

extension RunningHelper {
    fileprivate func sorted() async throws -> [Ban] { try await list().sorted { $0.id < $1.id } }
}

/// What the helper remembers when it starts again.
@Suite struct LedgerTests {
    @Test func `Bans are durable, and all that is known of them outlives the helper and the table`()
        async throws
    {
        try await withDirectory { directory async throws in
            let configuration = RunningHelper.configuration { $0.ledger.directory = directory }
            let before = try await withHelperResult(configuration) { helper async throws in
                let receipt = try await helper.submit(.accept, "192.0.2.7")
                #expect(receipt.enforced && receipt.durable)
                let operators = try await helper.ban(.network, "198.51.100.0/24", duration: 0)
                #expect(operators.enforced && operators.durable)
                let dial = try await helper.submit(.dial, "/ip4/203.0.113.9/udp/4001/quic-v1")
                #expect(dial.enforced && dial.durable)
                let block = try await helper.submit(.accept, "2001:db8:1:2::7")
                #expect(block.enforced && block.durable)
                #expect(try await helper.status().ledger == .healthy)
                return try await helper.sorted()
            }
            #expect(before.count == 4 && before.allSatisfy(\.durable))
            // Another network namespace: nothing of the table is left, as after a reboot.
            try await withHelper(configuration) { helper async throws in
                let after = try await helper.sorted()
                #expect(after.map(\.id) == before.map(\.id))
                for (one, other) in zip(before, after) {
                    #expect(one.key == other.key && one.subject == other.subject)
                    #expect(one.reason == other.reason && one.caller == other.caller)
                    #expect(
                        one.created.rawValue / 1000 == other.created.rawValue / 1000
                            && one.strikes == other.strikes)
                    #expect(one.byOperator == other.byOperator && one.granted == other.granted)
                }
                #expect(try await helper.keys("accept4") == ["192.0.2.7"])
                #expect(try await helper.keys("net4") == ["198.51.100.0/24"])
                #expect(try await helper.keys("accept6") == ["2001:db8:1:2::"])
                let next = try #require(try await helper.submit(.accept, "192.0.2.8").id)
                #expect(next > before.map(\.id).max() ?? .max)
            }
        }
    }

    @Test func `A lift is remembered, and so are the strikes`() async throws {
        try await withDirectory { directory async throws in
            let configuration = RunningHelper.configuration { $0.ledger.directory = directory }
            try await withHelper(configuration) { helper async throws in
                _ = try await helper.submit(.accept, "192.0.2.7")
                _ = try await helper.submit(.accept, "192.0.2.8")
                let lifted = try await helper.client.call(
                    HelperInterface.lift, .init(filter: .init(subject: "192.0.2.7")))
                #expect(lifted.bans.count == 1 && lifted.durable)
            }
            try await withHelper(configuration) { helper async throws in
                #expect(try await helper.keys("accept4") == ["192.0.2.8"])
                #expect(try await helper.submit(.accept, "192.0.2.7").strikes == 2)
            }
        }
    }

    @Test func `After a reboot a ban has what is left of it, and never more than it was granted`()
        async throws
    {
        try await withDirectory { directory async throws in
            let clock = BootClock()
            let configuration = RunningHelper.configuration { $0.ledger.directory = directory }
            try await withHelper(configuration, clock: clock.host) { helper async throws in
                _ = try await helper.submit(.accept, "192.0.2.7", duration: 600_000)
            }
            clock.reboot(after: 100)
            try await expectRemaining(500_000, configuration, clock)
            // The battery of the clock is empty: nothing is known of how long it was off.
            clock.reboot(after: -10 * 365 * 86_400)
            try await expectRemaining(500_000, configuration, clock)
            clock.pass(100)
            try await expectRemaining(400_000, configuration, clock)
            clock.reboot(after: 10 * 365 * 86_400)
            try await withHelper(configuration, clock: clock.host) { helper async throws in
                #expect(try await helper.sorted().isEmpty)
                #expect(try await helper.keys("accept4") == [])
            }
        }
    }

    private func expectRemaining(
        _ milliseconds: Int64, _ configuration: Configuration, _ clock: BootClock
    ) async throws {
        try await withHelper(configuration, clock: clock.host) { helper async throws in
            let ban = try #require(try await helper.sorted().first)
            #expect(ban.expires?.rawValue == clock.host.wall() + milliseconds)
            let element = try #require(
                try await helper.namespace.nftElements("inet", "sentinel", "accept4").first)
            #expect(element.timeout == Int(milliseconds / 1000))
        }
    }

    @Test func `What the kernel has otherwise is put right at the start, in place`() async throws {
        try await withDirectory { directory async throws in
            let namespace = try await NetworkNamespace()
            let configuration = RunningHelper.configuration { $0.ledger.directory = directory }
            try await withHelper(configuration, in: namespace) { helper async throws in
                for host in 1...5 { _ = try await helper.submit(.accept, "192.0.2.\(host)") }
                _ = try await helper.submit(.network, "198.51.100.0/24")
            }
            // While nobody owns the table, anyone may change it.
            try await namespace.command(
                "nft",
                """
                delete element inet sentinel accept4 { 192.0.2.1, 192.0.2.2 }
                add element inet sentinel accept4 { 192.0.2.2 timeout 5s, 192.0.2.9 timeout 1h }
                flush set inet sentinel net4
                """)
            try await withHelper(configuration, in: namespace) { helper async throws in
                let elements = try await namespace.nftElements("inet", "sentinel", "accept4")
                #expect(elements.map(\.key).sorted() == (1...5).map { "192.0.2.\($0)" } + ["192.0.2.9"])
                #expect(elements.allSatisfy { ($0.timeout ?? 0) > 500 })
                #expect(try await helper.keys("net4") == ["198.51.100.0/24"])
                let keys = try await helper.sorted().map(\.key)
                #expect(keys.contains("192.0.2.9"))
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `On a full disk bans are enforced, an alarm is raised, and it recovers with all of them`()
        async throws
    {
        try await withDirectory { directory async throws in
            _ = try Command(["mount", "-t", "tmpfs", "-o", "size=16m", "ledger-test", directory]).output()
            defer { _ = try? Command(["umount", directory]).output() }
            let clock = BootClock()
            let configuration = RunningHelper.configuration { $0.ledger.directory = directory }
            try await withHelper(configuration, clock: clock.host) { helper async throws in
                var watcher = try await helper.watch()
                #expect(try await helper.submit(.accept, "192.0.2.1").durable)
                // dd ends with an error when nothing more fits, which is what is wanted.
                _ = try Command(["dd", "if=/dev/zero", "of=\(directory)/ballast", "bs=4k"]).run()
                var enforced = ["192.0.2.1"]
                for host in 2...200 {
                    let receipt = try await helper.submit(.accept, "192.0.2.\(host)")
                    #expect(receipt.enforced)
                    enforced.append("192.0.2.\(host)")
                    if !receipt.durable { break }
                }
                let alarm = try await watcher.next(.alarm)
                #expect(alarm.message?.contains("free space") == true)
                let status = try await helper.status()
                #expect(status.ledger == .failed)
                #expect(status.problems.contains { $0.contains(directory) })
                let keys = try await helper.keys("accept4")
                #expect(Set(keys) == Set(enforced))
                try FileManager.default.removeItem(atPath: directory + "/ballast")
                clock.pass(6)
                _ = try await watcher.next(.recovered)
                #expect(try await helper.status().ledger == .healthy)
                let bans = try await helper.sorted()
                #expect(bans.allSatisfy(\.durable) && bans.count == enforced.count)
            }
            try await withHelper(configuration, clock: clock.host) { helper async throws in
                let (bans, keys) = (try await helper.sorted(), try await helper.keys("accept4"))
                #expect(bans.count > 1 && bans.count == keys.count)
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `A ledger that couldn't be made at the start is made later, with all bans`() async throws {
        try await withDirectory { parent async throws in
            let directory = parent + "/later"
            let clock = BootClock()
            let configuration = RunningHelper.configuration { $0.ledger.directory = directory }
            try await withHelper(configuration, clock: clock.host) { helper async throws in
                #expect(try await helper.submit(.accept, "192.0.2.7").durable == false)
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
                clock.pass(6)
                while try await helper.status().ledger != .healthy {
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(try await helper.sorted().map(\.durable) == [true])
                #expect(try await helper.submit(.accept, "192.0.2.8").durable)
            }
            try await withHelper(configuration, clock: clock.host) { helper async throws in
                #expect(try await helper.sorted().map(\.key) == ["192.0.2.7", "192.0.2.8"])
            }
        }
    }

    @Test func `A directory that isn't there is said, and bans are enforced all the same`() async throws {
        let configuration = RunningHelper.configuration { $0.ledger.directory = "/nowhere/at/all" }
        try await withHelper(configuration) { helper async throws in
            let receipt = try await helper.submit(.accept, "192.0.2.7")
            #expect(receipt.enforced && !receipt.durable)
            let status = try await helper.status()
            #expect(status.ledger == .failed)
            #expect(
                status.problems.contains {
                    $0.contains("/nowhere/at/all") && $0.contains("restart sentineld")
                })
        }
    }
}

private func withHelperResult<Result: Sendable>(
    _ configuration: Configuration, _ body: @escaping (RunningHelper) async throws -> Result
) async throws -> Result {
    var result: Result?
    try await withHelper(configuration) { result = try await body($0) }
    return try #require(result)
}
