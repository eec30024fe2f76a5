// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials
internal import Inet
internal import Sentinel
internal import SentinelConfiguration

extension PolicyChain {
    /// The chain as JSON, with every default filled in: the keys and the values are the file's own, and `line` is where
    /// each policy begins. Equal chains have equal JSON.
    public var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let policies = Setting.list(links.map { .table($0.settings) })
            return String(decoding: try encoder.encode(["policy": policies]), as: UTF8.self)
        }
    }
}

/// A value as a file has it.
indirect enum Setting: Encodable {
    case text(String)
    case integer(Int)
    case number(Double)
    case flag(Bool)
    case list([Setting])
    case table([String: Setting])

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .integer(let number): try container.encode(number)
        case .number(let number): try container.encode(number)
        case .flag(let flag): try container.encode(flag)
        case .list(let list): try container.encode(list)
        case .table(let table): try container.encode(table)
        }
    }

    static func text(_ value: some CustomStringConvertible) -> Setting { .text(value.description) }
    static func duration(_ duration: Duration) -> Setting { .text(DurationText(duration)) }
}

extension PolicyChain.Link {
    /// Its keys, as the file could have them.
    var settings: [String: Setting] {
        var settings: [String: Setting] =
            switch plainPolicy {
            case let list as AccessList: list.settings(entries)
            case let rate as SourceRate: rate.settings
            case let limits as ConnectionLimits: limits.settings
            case let limits as StreamLimits: limits.settings
            case let reputation as Reputation: reputation.settings
            case let widening as Widening: widening.settings
            case let shared as SharedAddresses: shared.settings
            default: [:]
            }
        settings["kind"] = .text(kind)
        settings["name"] = .text(policy.name)
        settings["shadow"] = .flag(policy.isShadow)
        settings["line"] = .integer(line)
        return settings
    }

    /// The policy itself, where this is its shadow.
    var plainPolicy: any Policy { (policy as? Shadowed)?.policy ?? policy }
}

extension CheckSet {
    /// The checks that are in it.
    var checks: [Check] { Check.allCases.filter(contains) }
}

extension TokenRate {
    /// The rate as a file has it: by the shortest unit in which it comes a whole number of times.
    var text: RateText {
        for unit in [Duration.seconds(1), .seconds(60), .seconds(3600), .seconds(86_400)] {
            let count = Int((unit / interval).rounded())
            if count >= 1, let same = try? TokenRate(count, per: unit, burst: burst),
                same.interval == interval
            {
                return RateText(count, per: unit)
            }
        }
        return RateText(1, per: interval)
    }

    fileprivate var settings: [String: Setting] { ["rate": .text(text), "burst": .integer(burst)] }
}

extension AccessList {
    fileprivate func settings(_ entries: [ListEntry]) -> [String: Setting] {
        [
            "checks": .list(checks.checks.map { .text($0) }),
            "entries": .list(
                entries.map { entry in
                    var settings: [String: Setting] = [
                        "subject": .text(entry.subject.text), "reason": .text(entry.reason),
                    ]
                    settings["until"] = entry.until.map { .text($0) }
                    return .table(settings)
                }),
        ]
    }
}

private func block(_ family: IPAddress.Family, _ prefixLength: Int) -> [String: Setting] {
    ["family": .text(FamilyWord(family).rawValue), "prefix": .integer(prefixLength)]
}

extension SourceRate {
    fileprivate var settings: [String: Setting] {
        var settings: [String: Setting] = [
            "tiers": .list(
                limits.tiers.map {
                    .table(block($0.family, $0.prefixLength).merging($0.rate.settings) { $1 })
                }),
            "exempt_loopback": .flag(limits.exemptsLoopback), "plane": .text(plane),
            "checks": .list(addressChecks.checks.map { .text($0) }), "capacity": .integer(capacity),
        ]
        settings["peer"] = limits.peer.map { .table($0.settings) }
        return settings
    }
}

extension ConnectionLimits.Most {
    fileprivate var settings: [String: Setting] {
        var settings: [String: Setting] = [:]
        settings["inbound"] = inbound.map { .integer($0) }
        settings["outbound"] = outbound.map { .integer($0) }
        return settings
    }
}

extension ConnectionLimits {
    fileprivate var settings: [String: Setting] {
        [
            "tiers": .list(
                limits.tiers.map {
                    .table(block($0.family, $0.prefixLength).merging($0.most.settings) { $1 })
                }),
            "peer": .table(limits.peer.settings), "total": .table(limits.total.settings),
            "exempt_loopback": .flag(limits.exemptsLoopback), "plane": .text(plane),
            "capacity": .integer(capacity),
        ]
    }
}

extension StreamLimits.Limit {
    fileprivate var settings: Setting {
        var settings = rate?.settings ?? [:]
        settings["open"] = open.map { .integer($0) }
        settings["action"] = .text(action)
        return .table(settings)
    }
}

extension StreamLimits {
    fileprivate var settings: [String: Setting] {
        var settings: [String: Setting] = [
            "types": .table(
                Dictionary(uniqueKeysWithValues: limits.map { ($0.key.description, $0.value.settings) })),
            "capacity": .integer(capacity),
        ]
        settings["others"] = others?.settings
        return settings
    }
}

extension Reputation {
    fileprivate var settings: [String: Setting] {
        [
            "avoid": .number(terms.thresholds.avoid), "ban": .number(terms.thresholds.ban),
            "half_life": .duration(terms.halfLife), "ipv6_prefix": .integer(terms.prefixLength6),
            "severity": .table(
                Dictionary(
                    uniqueKeysWithValues: terms.severities.map { ($0.key.description, .text($0.value)) })),
            "plane": .text(plane), "capacity": .integer(capacity),
        ]
    }
}

extension Widening {
    fileprivate var settings: [String: Setting] {
        var settings: [String: Setting] = [
            "levels": .list(
                terms.levels.map {
                    .table(
                        block($0.family, $0.prefixLength).merging(["sources": .integer($0.sources)]) { $1 })
                }),
            "within": .duration(terms.within), "capacity": .integer(capacity),
        ]
        settings["duration"] = terms.duration.map { .duration($0) }
        return settings
    }
}

extension SharedAddresses {
    fileprivate var settings: [String: Setting] {
        [
            "bad_share": .number(terms.badShare), "bad_after": .integer(terms.badAfter),
            "forget_after": .duration(terms.forgetAfter), "probation": .duration(terms.probation),
            "newcomers": .table(terms.newcomers.settings), "capacity": .integer(capacity),
        ]
    }
}
