// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel
internal import SentinelConfiguration
internal import TOMLDocument

extension SectionReader {
    /// What is held against whom, and how much is too much.
    func readReputation(_ name: String) -> Reputation? {
        guard let standard = make({ () throws(SentinelError) in try Reputation.Thresholds() }) else {
            return nil
        }
        var (avoid, ban) = (standard.avoid, standard.ban)
        read("avoid", .number, example: "\(Int(avoid))", into: &avoid)
        read("ban", .number, example: "\(Int(ban))", into: &ban)
        let halfLife = duration("half_life", example: "1h")
        let prefixLength = integer("ipv6_prefix", in: IPAddress.Family.ipv6.policyPrefixLengths, example: 64)
        let severities = section("severity")
        var severity = Reputation.Terms.defaultSeverities
        for offence in Offence.allCases {
            let fallback = severity[offence] ?? .medium
            severity[offence] =
                severities.value(offence.description, .name, example: "\"\(fallback)\"") ?? fallback
        }
        severities.finish(.offence)
        let plane = plane(.kernel)
        let capacity = capacity(SourceRate.defaultCapacity)
        guard let thresholds = thresholds(avoid, ban),
            var terms = make({ () throws(SentinelError) in try Reputation.Terms(thresholds: thresholds) })
        else { return nil }
        terms.severities = severity
        let made = make { () throws(SentinelError) in
            try Reputation.Terms(
                thresholds: thresholds, halfLife: halfLife ?? terms.halfLife, severities: severity,
                prefixLength6: prefixLength ?? terms.prefixLength6)
        }
        return made.map { Reputation(name: name, terms: $0, plane: plane, capacity: capacity) }
    }

    private func thresholds(_ avoid: Double, _ ban: Double) -> Reputation.Thresholds? {
        for (name, score) in [("avoid", avoid), ("ban", ban)] where !(score > 0 && score <= 1e6) {
            report.add(
                ConfigurationFault("\(score) is out of range", "it is more than 0, and at most 1000000"),
                at: key.appending(name))
            return nil
        }
        guard avoid <= ban else {
            report.add(
                ConfigurationFault(
                    "\(avoid) is more than the \(ban) of ban", "lower it: who is banned isn't dialled either"),
                at: key.appending(has("avoid") ? "avoid" : "ban"))
            return nil
        }
        return make { () throws(SentinelError) in try Reputation.Thresholds(avoid: avoid, ban: ban) }
    }
}
