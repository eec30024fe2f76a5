// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// What is counted, in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/).
struct Metrics {
    private let status: Status
    private let counters: HelperInterface.Counters.Reply
    private let feeds: [Feed]

    init(_ status: Status, _ counters: HelperInterface.Counters.Reply, _ feeds: [Feed] = []) {
        self.status = status
        self.counters = counters
        self.feeds = feeds
    }

    /// What is said where there is nothing to be had.
    static var unreachable: String { family(up, [([], "0")]) }

    var text: String {
        Self.family(Self.up, [([], "1")]) + about + state + setMetrics + feedMetrics + events
    }

    private struct Family {
        var name: String
        var type: String
        var help: String
    }

    private static let up = Family(
        name: "sentinel_up", type: "gauge", help: "Whether sentineld answers.")

    private typealias Sample = (labels: [(String, String)], value: String)

    private var about: String {
        Self.family(
            .init(
                name: "sentinel_info", type: "gauge",
                help: "Always 1: the version, how the table is held, the kernel."),
            [
                (
                    [
                        ("version", status.version), ("mode", status.mode.rawValue), ("table", status.table),
                        ("kernel", status.kernel.release), ("ledger", status.ledger.rawValue),
                    ], "1"
                )
            ])
            + Self.gauge(
                "sentinel_start_time_seconds", "When sentineld was started, in seconds since 1970.",
                Self.seconds(status.started.rawValue))
    }

    private var state: String {
        Self.gauge("sentinel_bans", "Bans in force.", "\(status.bans)")
            + Self.gauge(
                "sentinel_enforcing",
                "Whether the kernel refuses anyone: 0 after a release, and where all checks are in shadow.",
                status.mode == .released || Self.checks.allSatisfy(isShadowed) ? "0" : "1")
            + Self.family(
                .init(
                    name: "sentinel_shadow", type: "gauge",
                    help: "Whether a check is in shadow: 1 where its bans refuse nobody."),
                Self.checks.map { ([("check", $0.rawValue)], isShadowed($0) ? "1" : "0") })
            + Self.gauge(
                "sentinel_ledger_healthy", "Whether bans made now outlive a reboot.",
                status.ledger == .healthy ? "1" : "0")
            + Self.gauge(
                "sentinel_problems", "What needs an operator's eye; sentinelctl status says what it is.",
                "\(status.problems.count)")
            + Self.gauge("sentinel_callers", "Connections to sentineld's socket.", "\(status.callers)")
            + Self.gauge("sentinel_subscribers", "Those of them that watch.", "\(status.subscribers)")
            + Self.family(
                .init(
                    name: "sentinel_sockets_cut_total", type: "counter",
                    help: "Sockets of banned peers that the kernel has closed."),
                [([], "\(status.socketsCut)")])
            + Self.family(
                .init(
                    name: "sentinel_guarded", type: "gauge",
                    help: "Addresses and blocks that each guard keeps from being banned."),
                status.guards.map { ([("guard", $0.name.rawValue)], "\($0.count)") })
    }

    private static let checks: [ShadowedCheck] = [.accept, .dial, .network, .feed]

    private func isShadowed(_ check: ShadowedCheck) -> Bool { status.shadow?.contains(check) ?? false }

    private var setMetrics: String {
        func samples(_ value: (SetInfo) -> (some BinaryInteger)?) -> [Sample] {
            counters.sets.compactMap { set in value(set).map { ([("set", set.name)], "\($0)") } }
        }
        return Self.family(
            .init(
                name: "sentinel_set_elements", type: "gauge",
                help: "Elements that sentineld knows to be in a set."),
            samples { $0.count })
            + Self.family(
                .init(
                    name: "sentinel_set_kernel_elements", type: "gauge",
                    help: "Elements that the kernel counts in a set, those not collected yet among them."),
                samples { $0.kernelCount })
            + Self.family(
                .init(
                    name: "sentinel_set_capacity_elements", type: "gauge", help: "Bans that a set can hold."),
                samples { $0.capacity })
            + Self.family(
                .init(
                    name: "sentinel_refused_packets_total", type: "counter",
                    help: "Packets that the rules have refused because of a set."),
                samples { $0.shadowed == true ? nil : $0.packets })
            + Self.family(
                .init(
                    name: "sentinel_refused_bytes_total", type: "counter",
                    help: "Bytes of the packets that the rules have refused because of a set."),
                samples { $0.shadowed == true ? nil : $0.bytes })
            + Self.family(
                .init(
                    name: "sentinel_shadowed_packets_total", type: "counter",
                    help: "Packets that bans in shadow have matched, and that were let pass."),
                samples { $0.shadowed == true ? $0.packets : nil })
            + Self.family(
                .init(
                    name: "sentinel_shadowed_bytes_total", type: "counter",
                    help: "Bytes of the packets that bans in shadow have matched, and that were let pass."),
                samples { $0.shadowed == true ? $0.bytes : nil })
    }

    private var feedMetrics: String {
        func samples(_ value: (Feed) -> String?) -> [Sample] {
            feeds.compactMap { feed in value(feed).map { ([("feed", feed.name)], $0) } }
        }
        return Self.family(
            .init(
                name: "sentinel_feed_entries", type: "gauge",
                help: "Addresses and blocks of a feed that are in force."),
            samples { "\($0.addresses + $0.blocks)" })
            + Self.family(
                .init(
                    name: "sentinel_feed_refused", type: "gauge", help: "Entries of a feed that aren't taken."
                ),
                samples { "\($0.refused)" })
            + Self.family(
                .init(
                    name: "sentinel_feed_healthy", type: "gauge",
                    help: "Whether a feed's file is there and could be taken."),
                samples { $0.problem == nil ? "1" : "0" })
            + Self.family(
                .init(
                    name: "sentinel_feed_read_time_seconds", type: "gauge",
                    help: "When a feed was read last with success, in seconds since 1970."),
                samples { $0.read.map { Self.seconds($0.rawValue) } })
            + Self.family(
                .init(
                    name: "sentinel_feed_refreshed_time_seconds", type: "gauge",
                    help: "When the file of a feed was put there, in seconds since 1970."),
                samples { $0.refreshed.map { Self.seconds($0.rawValue) } })
    }

    private var events: String {
        Self.family(
            .init(
                name: "sentinel_events_total", type: "counter",
                help: "What has happened to bans since sentineld was started."),
            counters.events.map { event in
                (
                    [
                        ("kind", event.kind.rawValue), ("check", event.check.rawValue),
                        ("reason", event.reason),
                    ], "\(event.count)"
                )
            })
    }

    private static func gauge(_ name: String, _ help: String, _ value: String) -> String {
        family(Family(name: name, type: "gauge", help: help), [([], value)])
    }

    /// Nothing where there are no samples.
    private static func family(_ family: Family, _ samples: [Sample]) -> String {
        guard !samples.isEmpty else { return "" }
        return "# HELP \(family.name) \(family.help)\n# TYPE \(family.name) \(family.type)\n"
            + samples.map { "\(family.name)\(labels($0.labels)) \($0.value)\n" }.joined()
    }

    private static func labels(_ labels: [(String, String)]) -> String {
        labels.isEmpty ? "" : "{" + labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",") + "}"
    }

    /// As the format wants a label's value: backslash, quote and line feed with a backslash before them.
    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
    }

    /// With milliseconds behind the point.
    private static func seconds(_ milliseconds: Int64) -> String {
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }
}
