// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel
internal import SentinelConfiguration

extension PolicyChain: CustomStringConvertible {
    /// What the chain is, in words: each policy with its place, its name, its line, and what it does.
    public var description: String {
        links.enumerated().map { place, link in
            let shadow = link.policy.isShadow ? ", a shadow: what it says is counted, and let pass" : ""
            let head = "\(place + 1). \(link.policy.name) (\(link.kind), line \(link.line)\(shadow))"
            return ([head] + link.words.map { "   \($0)" }).joined(separator: "\n")
        }.joined(separator: "\n")
    }
}

extension PolicyChain.Link {
    /// What it does, a line for each part of it.
    var words: [String] {
        switch plainPolicy {
        case let list as AccessList: list.words
        case let rate as SourceRate: rate.words
        case let limits as ConnectionLimits: limits.words
        case let limits as StreamLimits: limits.words
        case let reputation as Reputation: reputation.words
        case let widening as Widening: widening.words
        case let shared as SharedAddresses: shared.words
        default: []
        }
    }
}

/// A number with what it counts.
private func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
    "\(count) \(count == 1 ? one : many ?? one + "s")"
}

private func listed(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " and " + last
}

/// Each address, or each block of a length: `each IPv6 /64`.
private func each(_ family: IPAddress.Family, _ prefixLength: Int) -> String {
    let name = family == .ipv4 ? "IPv4" : "IPv6"
    return prefixLength == family.bitWidth ? "each \(name) address" : "each \(name) /\(prefixLength)"
}

extension CheckSet {
    fileprivate var words: String {
        self == .all ? "every check" : listed(checks.map(\.description))
    }
}

extension TokenRate {
    /// `12/m, 16 at once`.
    fileprivate var words: String { "\(text), \(burst) at once" }
}

extension Plane {
    fileprivate var words: String {
        switch self {
        case .kernel: "its denials at accept and dial go to the kernel"
        case .userSpace: "its denials stay in user space"
        }
    }
}

extension AccessList {
    fileprivate var words: [String] {
        let kinds = [
            (counts.peers, "peer"), (counts.addresses, "address"), (counts.networks, "block"),
            (counts.endpoints, "endpoint"),
        ].filter { $0.0 > 0 }.map { counted($0.0, $0.1, $0.1 == "address" ? "addresses" : nil) }
        let who = kinds.isEmpty ? "nobody, so far" : listed(kinds)
        let what =
            switch effect {
            case .deny: "denies who is on it"
            case .admit: "lets pass who is on it, without asking the policies below"
            case .require: "denies who isn't on it"
            }
        return ["\(what): \(who); asked at \(checks.words)"]
    }
}

extension SourceRate {
    fileprivate var words: [String] {
        limits.tiers.map { "\(each($0.family, $0.prefixLength)) may come \($0.rate.words)" }
            + (limits.peer.map { ["each peer may come \($0.words)"] } ?? [])
            + [
                "counted at \(addressChecks.words)\(limits.exemptsLoopback ? ", loopback exempt" : ""); \(plane.words)"
            ]
    }
}

extension ConnectionLimits.Most {
    fileprivate var words: String? {
        let parts = [inbound.map { "\($0) inbound" }, outbound.map { "\($0) outbound" }].compactMap(\.self)
        return parts.isEmpty ? nil : listed(parts)
    }
}

extension ConnectionLimits {
    fileprivate var words: [String] {
        let blocks = limits.tiers.map { (each($0.family, $0.prefixLength), $0.most) }
        let all = blocks + [("each peer", limits.peer), ("all together", limits.total)]
        let lines = all.compactMap { who, most in most.words.map { "\(who) may have \($0) at a time" } }
        return lines + ["\(limits.exemptsLoopback ? "loopback exempt; " : "")\(plane.words)"]
    }
}

extension StreamLimits {
    fileprivate var words: [String] {
        let types = limits.sorted { $0.key.description < $1.key.description }.map {
            ("\($0.key)", $0.value)
        }
        return (types + (others.map { [("all other", $0)] } ?? [])).map { type, limit in
            let parts = [limit.rate?.words, limit.open.map { "\($0) open at a time" }].compactMap(\.self)
            let excess = limit.action == .endConnection ? "more ends the connection" : "more is refused"
            return "each peer may open \(type) streams: \(parts.joined(separator: ", ")); \(excess)"
        }
    }
}

extension Reputation {
    fileprivate var words: [String] {
        let weights = Offence.allCases.map { offence in
            "\(offence) \((terms.severities[offence] ?? .medium).weight)"
        }
        func score(_ score: Double) -> String {
            score == score.rounded() ? "\(Int(score))" : "\(score)"
        }
        return [
            "adds up what peers and addresses do: \(weights.joined(separator: ", ")); "
                + "half of it is forgotten in \(DurationText(terms.halfLife))",
            "from \(score(terms.thresholds.avoid)) on they aren't dialled, from \(score(terms.thresholds.ban)) on "
                + "they are banned; IPv6 by its /\(terms.prefixLength6); \(plane.words)",
        ]
    }
}

extension Widening {
    fileprivate var words: [String] {
        terms.levels.map {
            "\(each($0.family, $0.prefixLength)) is denied for \($0.sources) banned sources within "
                + "\(DurationText(terms.within))"
        } + (terms.duration.map { ["for \(DurationText($0))"] } ?? [])
    }
}

extension SharedAddresses {
    fileprivate var words: [String] {
        [
            "spares an address while a well-behaved peer is connected from it, or less than "
                + "\(Int((terms.badShare * 100).rounded()))% of its peers are bad",
            "bad after \(counted(terms.badAfter, "offence")), for \(DurationText(terms.forgetAfter)); well-behaved "
                + "after \(DurationText(terms.probation)); new peers come \(terms.newcomers.words)",
        ]
    }
}
