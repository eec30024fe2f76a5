// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// What `top --once --json` prints: what the screen shows, as numbers.
struct TopReport: Encodable {
    struct EventRate: Encodable {
        var kind: EventKind
        var check: Check
        var perSecond: Double

        private enum CodingKeys: String, CodingKey {
            case kind, check
            case perSecond = "per_second"
        }
    }

    struct Row: Encodable {
        var key: String
        var set: String
        var ban: Int64?
        var peer, reason, caller: String?
        var strikes: Int?
        var expires: Timestamp?
        var packets, bytes: Int64?
        var packetsPerSecond: Double?

        private enum CodingKeys: String, CodingKey {
            case key, set, ban, peer, reason, caller, strikes, expires, packets, bytes
            case packetsPerSecond = "packets_per_second"
        }
    }

    var time: Timestamp
    var mode: Mode
    var problems: [String]
    var bans: Int
    var packets, bytes: Int64?
    var packetsPerSecond, bytesPerSecond: Double?
    var events: [EventRate]
    var sets: [SetInfo]
    var rows: [Row]

    private enum CodingKeys: String, CodingKey {
        case time, mode, problems, bans, packets, bytes, events, sets, rows
        case packetsPerSecond = "packets_per_second"
        case bytesPerSecond = "bytes_per_second"
    }

    init(_ state: ScreenState, _ glance: ScreenData.Glance) {
        let data = state.data
        time = state.now.time
        mode = glance.status.mode
        problems = glance.status.problems
        bans = glance.status.bans
        packets = data.totals?.packets
        bytes = data.totals?.bytes
        packetsPerSecond = data.packets.rate
        bytesPerSecond = data.bytes.rate
        events = [EventKind.banned, .renewed, .lifted, .expired, .evicted].flatMap { kind in
            Check.allCases.compactMap { check in
                data.rate(kind, check).map { EventRate(kind: kind, check: check, perSecond: $0) }
            }
        }
        sets = glance.counters.sets
        rows = state.rows.map { row in
            Row(
                key: row.key, set: row.set, ban: row.ban, peer: row.peer, reason: row.reason,
                caller: row.caller, strikes: row.strikes, expires: row.ends, packets: row.packets,
                bytes: row.bytes, packetsPerSecond: data.rate(row.id))
        }
    }
}
