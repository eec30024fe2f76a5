// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Nftables
internal import SentinelProtocol
internal import Varlink

/// How many events there were, by kind, check and reason.
struct EventTally {
    private struct Key: Hashable {
        var kind: EventKind
        var check: Check
        var reason: String
    }

    private var counts: [Key: Int64] = [:]
    private var reasons: Swift.Set<String> = []

    /// Nodes make reasons up: so many are told apart.
    private static var mostReasons: Int { 200 }

    mutating func count(_ kind: EventKind, _ check: Check, reason: String, by number: Int = 1) {
        var reason = reason
        if !reasons.contains(reason) {
            if reasons.count < Self.mostReasons { reasons.insert(reason) } else { reason = "other" }
        }
        counts[Key(kind: kind, check: check, reason: reason), default: 0] += Int64(number)
    }

    /// In an order that doesn't change.
    var all: [EventCount] {
        counts.map { EventCount(kind: $0.kind, check: $0.check, reason: $0.reason, count: $1) }.sorted {
            a, b in
            (a.kind.rawValue, a.check.rawValue, a.reason) < (b.kind.rawValue, b.check.rawValue, b.reason)
        }
    }
}

extension Helper {
    /// What is counted, for who draws it over time.
    func counters(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.submit, call.peer)
        // The kernel is asked for all sets and rules.
        call.charge(Self.countersPrice)
        endDueBans()
        do {
            let sets =
                enforcer.mode == .released || missing != nil
                ? SetKind.allCases.map(info) : try describedSets(SetKind.allCases)
            call.reply(HelperInterface.Counters.Reply(sets: sets, events: tally.all))
        } catch {
            throw VarlinkFailure(kernel: error)
        }
    }

    /// In denials.
    private static var countersPrice: Int { 10 }
}
