// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import SentinelProtocol
import Testing

@testable import SentinelControl

/// What is counted, as Prometheus reads it.
@Suite struct MetricsTests {
    private static let status = Status(
        version: "1.2.3", mode: .ownedPersistent, table: "inet sentinel",
        started: Timestamp(rawValue: 1_700_000_000_007), bans: 3, generation: 1, callers: 2, subscribers: 1,
        kernel: KernelInfo(
            release: "6.18", ownership: true, persistence: true, timeoutUpdate: true, elementDestroy: true,
            setCounts: true, socketDestroy: true), ledger: .healthy, sets: [], problems: ["a", "b"],
        guards: [GuardCount(name: .loopback, count: 2)], socketsCut: 5, shadow: [.dial])

    private static var counters: HelperInterface.Counters.Reply {
        var set = SetInfo(name: "accept4", type: "ipv4_addr", flags: ["timeout"], count: 3, capacity: 100)
        (set.packets, set.bytes, set.kernelCount) = (7, 700, 4)
        let plain = SetInfo(name: "node_ports", type: "inet_proto . inet_service", flags: [], count: 2)
        var shadowed = SetInfo(
            name: "dial4", type: "ipv4_addr . inet_proto . inet_service", flags: ["timeout"], count: 1,
            capacity: 50, shadowed: true)
        (shadowed.packets, shadowed.bytes) = (11, 1100)
        return .init(
            sets: [set, plain, shadowed],
            events: [
                EventCount(kind: .banned, check: .accept, reason: "rate-limit", count: 9),
                EventCount(kind: .lifted, check: .dial, reason: "say \"no\" \\ or\n", count: 1),
            ])
    }

    private static let feeds = [
        Feed(
            name: "drop", path: "/var/lib/sentinel-feeds/drop", format: "plain", addresses: 4, blocks: 3,
            refused: 2,
            ended: 0, guarded: 0, read: Timestamp(rawValue: 1_700_000_000_008),
            refreshed: Timestamp(rawValue: 1_700_000_000_006)),
        Feed(
            name: "away", path: "/away", addresses: 0, blocks: 0, refused: 0, ended: 0, guarded: 0,
            problem: "/away: is not there; have it put there"),
    ]

    @Test func `Each figure has its line, in the form that Prometheus documents`() {
        let text = Metrics(Self.status, Self.counters, Self.feeds).text
        for line in [
            "sentinel_up 1", "sentinel_start_time_seconds 1700000000.007", "sentinel_bans 3",
            "sentinel_enforcing 1", "sentinel_ledger_healthy 1", "sentinel_problems 2", "sentinel_callers 2",
            #"sentinel_guarded{guard="loopback"} 2"#, "sentinel_sockets_cut_total 5",
            #"sentinel_set_elements{set="accept4"} 3"#, #"sentinel_set_elements{set="node_ports"} 2"#,
            #"sentinel_set_kernel_elements{set="accept4"} 4"#,
            #"sentinel_set_capacity_elements{set="accept4"} 100"#,
            #"sentinel_refused_packets_total{set="accept4"} 7"#,
            #"sentinel_refused_bytes_total{set="accept4"} 700"#,
            #"sentinel_feed_entries{feed="drop"} 7"#, #"sentinel_feed_refused{feed="drop"} 2"#,
            #"sentinel_feed_healthy{feed="drop"} 1"#, #"sentinel_feed_healthy{feed="away"} 0"#,
            #"sentinel_feed_read_time_seconds{feed="drop"} 1700000000.008"#,
            #"sentinel_feed_refreshed_time_seconds{feed="drop"} 1700000000.006"#,
            #"sentinel_events_total{kind="banned",check="accept",reason="rate-limit"} 9"#,
            #"sentinel_events_total{kind="lifted",check="dial",reason="say \"no\" \\ or\n"} 1"#,
        ] {
            #expect(text.contains("\n\(line)\n"), "\(line)")
        }
        #expect(!text.contains(#"packets_total{set="node_ports""#))
        // What was counted in shadow was let pass.
        for line in [
            #"sentinel_shadow{check="dial"} 1"#, #"sentinel_shadow{check="accept"} 0"#,
            #"sentinel_shadow{check="feed"} 0"#, #"sentinel_shadowed_packets_total{set="dial4"} 11"#,
            #"sentinel_shadowed_bytes_total{set="dial4"} 1100"#,
        ] {
            #expect(text.contains("\n\(line)\n"), "\(line)")
        }
        #expect(!text.contains(#"refused_packets_total{set="dial4""#))
        #expect(!text.contains(#"shadowed_packets_total{set="accept4""#))
        #expect(text.hasSuffix("\n") && !text.contains("\n\n"))
    }

    @Test func `Where all checks are in shadow nobody is refused, and it says so`() {
        var status = Self.status
        status.shadow = [.accept, .dial, .network, .feed]
        #expect(Metrics(status, Self.counters).text.contains("\nsentinel_enforcing 0\n"))
        status.shadow = nil
        #expect(Metrics(status, Self.counters).text.contains("\nsentinel_enforcing 1\n"))
    }

    @Test func `Each family is told of once, before its samples`() {
        var (helped, typed, sampled): (Set<String>, Set<String>, Set<String>) = ([], [], [])
        for line in Metrics(Self.status, Self.counters, Self.feeds).text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.hasPrefix("# HELP ") {
                #expect(helped.insert(String(words[2])).inserted && words.count > 3)
            } else if line.hasPrefix("# TYPE ") {
                #expect(typed.insert(String(words[2])).inserted && helped.contains(String(words[2])))
                #expect(words[3] == (words[2].hasSuffix("_total") ? "counter" : "gauge"))
            } else {
                let name = String(line.prefix { $0 != "{" && $0 != " " })
                #expect(typed.contains(name))
                sampled.insert(name)
            }
        }
        #expect(sampled == typed && typed == helped && sampled.count == 25)
    }

    @Test func `What the dashboard draws is measured`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.appendingPathComponent("Examples/grafana/seed-sentinel.json")
        let dashboard = try String(contentsOf: file, encoding: .utf8)
        _ = try JSONSerialization.jsonObject(with: Data(dashboard.utf8))
        let drawn = Set(dashboard.matches(of: #/sentinel_[a-z_]+/#).map { String($0.output) })
        let measured = Set(
            Metrics(Self.status, Self.counters, Self.feeds).text.matches(of: #/# TYPE ([a-z_]+)/#).map {
                String($0.output.1)
            })
        #expect(drawn.isSubset(of: measured), "\(drawn.subtracting(measured))")
        #expect(measured.subtracting(drawn) == ["sentinel_info"])
    }

    @Test func `Where there is no helper that is what is told`() {
        #expect(Metrics.unreachable.hasSuffix("\nsentinel_up 0\n"))
    }
}
