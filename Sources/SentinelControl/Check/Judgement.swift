// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration
internal import SentinelProtocol

/// What is to be thought of a host: facts in, findings out.
struct Judgement {
    let facts: HostFacts
    let localTime: LocalTime

    init(_ facts: HostFacts, _ localTime: LocalTime) {
        self.facts = facts
        self.localTime = localTime
    }

    var findings: [CheckFinding] {
        configuration + helper + kernel + capacity + clock + rulesets + ports + users + ssh + unit + files
    }

    // MARK: Configuration

    private var configuration: [CheckFinding] {
        guard facts.configuration != nil else { return facts.problems.map { .problem(.configuration, $0) } }
        let file = facts.file
        switch facts.running?.reload {
        case nil: return [.ok(.configuration, "\(file) is valid")]
        case .refused(let problems)?:
            return problems.map { .problem(.configuration, "sentineld can't take its file: \($0)") }
        case .taken(let own, let changed)?:
            let own = own ?? file
            var findings: [CheckFinding] = []
            if own != file {
                findings.append(
                    .warning(
                        .configuration,
                        "sentineld has read \(own), not \(file), which is valid; name that one by --config"))
            }
            if !changed.isEmpty {
                let keys = changed.prefix(Self.mostKeys).joined(separator: ", ")
                let more = changed.count > Self.mostKeys ? ", and \(changed.count - Self.mostKeys) more" : ""
                findings.append(
                    .warning(
                        .configuration,
                        "\(own) says otherwise than what sentineld runs with: \(keys)\(more); see \"sentinelctl reload "
                            + "--dry-run\", and have it read by \"sentinelctl reload\""))
            }
            return findings.isEmpty ? [.ok(.configuration, "\(file) is valid, and in force")] : findings
        }
    }

    private static var mostKeys: Int { 5 }

    // MARK: The helper

    private var helper: [CheckFinding] {
        switch facts.helper {
        case .running(let helper): return running(helper)
        case .denied(let message): return [.note(.helper, message)]
        case .away(let message):
            let table = ownTable
            let isThere = facts.ruleset.value.map { $0.tables.contains(table) }
            let enforcing: CheckFinding =
                switch isThere {
                case true?:
                    .note(
                        .helper,
                        "the table \(table.text) is there: the kernel enforces what is in it, and each "
                            + "ban ends in time"
                    )
                case false?:
                    .problem(
                        .helper,
                        "there is no table \(table.text): nothing is enforced; start sentineld")
                case nil: .note(.helper, "whether the kernel has the table \(table.text) isn't known")
                }
            var findings: [CheckFinding] = [.problem(.helper, message), enforcing]
            if let configured = facts.configuration?.socket.path, configured != facts.socket {
                findings.append(
                    .note(
                        .helper,
                        "\(facts.file) has sentineld listen at \(configured); name it with --socket"))
            }
            return findings
        }
    }

    private func running(_ helper: HostFacts.Helper) -> [CheckFinding] {
        let status = helper.status
        var findings: [CheckFinding] = []
        if status.mode == .released {
            findings.append(
                .problem(.helper, "the table has been released, nothing is enforced; restart sentineld"))
        } else {
            let bans = Quantity.count(status.bans, "ban")
            findings.append(
                .ok(
                    .helper,
                    "sentineld \(status.version) enforces \(bans), and the table is \(status.mode)"))
        }
        if let shadow = status.shadow, !shadow.isEmpty, status.mode != .released {
            let checks = shadow.map(\.rawValue).joined(separator: ", ")
            findings.append(
                .warning(
                    .helper,
                    "in shadow, bans refuse nobody there: \(checks); take what is tried out no longer out "
                        + "of [shadow] checks, and run sentinelctl reload"))
        }
        findings += status.problems.map { .problem(.helper, $0) }
        switch status.ledger {
        case .healthy:
            findings.append(.ok(.helper, "the ledger is healthy: bans and strikes outlive a reboot"))
        case .off:
            findings.append(
                .note(
                    .helper,
                    "there is no ledger: bans end with a reboot, and no strike is "
                        + "remembered; set [ledger] directory"))
        default: break  // It is among the problems.
        }
        return findings
    }

    /// The table that is sentineld's.
    var ownTable: Ruleset.Table { .init(family: "inet", name: facts.configuration?.table.name ?? "sentinel") }

    // MARK: The kernel

    private var kernel: [CheckFinding] {
        guard let kernel = facts.running?.status.kernel else {
            return [
                .note(
                    .kernel,
                    "\(facts.kernel): \(Self.expected(of: facts.kernel)); sentineld tries "
                        + "it out when it starts")
            ]
        }
        let features: [(Bool, String, String)] = [
            (kernel.ownership, "tables can't be owned", "5.12"),
            (kernel.persistence, "an owned table ends with its owner", "6.9"),
            (kernel.timeoutUpdate, "a renewal of a ban makes its element anew", "6.12"),
            (kernel.elementDestroy, "elements can't be deleted unseen", "6.3"),
        ]
        let missing = features.filter { !$0.0 }
        guard !missing.isEmpty else {
            return [.ok(.kernel, "\(kernel.release) has all that sentineld makes use of")]
        }
        return missing.map {
            .note(
                .kernel,
                "\(kernel.release): \($0.1), which sentineld does without; kernels from \($0.2) on do better")
        }
    }

    /// What kernels of a release have, where nobody has tried it.
    private static func expected(of release: String) -> String {
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        guard numbers.count == 2 else { return "what it offers isn't known" }
        let version = (numbers[0], numbers[1])
        if version >= (6, 9) { return "kernels from 6.9 on have owned tables that outlive sentineld" }
        if version >= (5, 12) {
            return "kernels from 5.12 on have owned tables, which end with sentineld's unit"
        }
        return "kernels before 5.12 have no owned tables: others can flush it, and sentineld repairs it"
    }

    // MARK: Capacity and clock

    private var capacity: [CheckFinding] {
        guard let sets = facts.running?.status.sets.filter({ $0.capacity ?? 0 > 0 }), !sets.isEmpty else {
            return []
        }
        func percent(_ set: SetInfo) -> Int { set.count * 100 / max(1, set.capacity ?? 1) }
        // From 90 percent on sentineld itself says so.
        let full = sets.filter { (Self.nearlyFull..<90).contains(percent($0)) }
        guard full.isEmpty else {
            return full.map {
                .note(
                    .capacity,
                    "\($0.name) is \(percent($0)) % full: \(Quantity.number($0.count)) of "
                        + "\(Quantity.number($0.capacity ?? 0)); raise [capacity], or shorten [durations]")
            }
        }
        let most = sets.map(percent).max() ?? 0
        return most < Self.nearlyFull
            ? [
                .ok(
                    .capacity,
                    "no set is more than \(max(1, most)) % full")
            ] : []
    }

    private static var nearlyFull: Int { 75 }

    private var clock: [CheckFinding] {
        guard let latest = facts.running?.latest else { return [] }
        guard latest.rawValue > facts.now.rawValue + 60_000 else {
            return [.ok(.clock, "the clock isn't behind the ledger's latest event")]
        }
        return [
            .warning(
                .clock,
                "the clock is behind the ledger: its latest event was at \(localTime.text(latest)), "
                    + "\(latest.relative(to: facts.now)); see that the clock is set (timedatectl): bans keep "
                    + "their lengths, but moments that are shown are wrong")
        ]
    }
}
