// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration
internal import TOMLDocument

extension Configuration.Durations {
    /// Takes over what the file says, each key from the most specific section that has it.
    mutating func fill(from section: SectionReader) {
        section.read("node_maximum", .duration, example: "\"7d\"", into: &nodeMaximum)
        let fallback = section.section("default")
        let partial = PartialDurations(
            fallback: PartialTerms(from: fallback), checks: section.section("check"),
            reasons: section.section("reason"))
        fallback.finish()
        section.finish()
        partial.resolve(into: &self, report: section.report)
    }
}

/// The terms as the sections of the file give them.
private struct PartialDurations {
    let fallback: PartialTerms
    private var byCheck: [Configuration.Check: PartialTerms] = [:]
    private let byReason: [String: PartialTerms]
    private var byCheckAndReason: [Configuration.Check: [String: PartialTerms]] = [:]

    init(fallback: PartialTerms, checks: SectionReader, reasons: SectionReader) {
        self.fallback = fallback
        byReason = Self.terms(ofReasonsIn: reasons)
        for check in Configuration.Check.allCases {
            let section = checks.section(check.rawValue)
            byCheck[check] = PartialTerms(from: section)
            byCheckAndReason[check] = Self.terms(ofReasonsIn: section.section("reason"))
            section.finish()
        }
        checks.finish(.check)
    }

    private static func terms(ofReasonsIn section: SectionReader) -> [String: PartialTerms] {
        var terms: [String: PartialTerms] = [:]
        for reason in section.names {
            let section = section.section(reason)
            if let fault = Configuration.Durations.fault(ofReason: reason) {
                section.report.add(fault, at: section.key)
            }
            terms[reason] = PartialTerms(from: section)
            section.finish()
        }
        return terms
    }

    /// Completes all terms, and leaves out those that say nothing new.
    func resolve(into durations: inout Configuration.Durations, report: Report) {
        durations.fallback = Self.resolve([fallback], for: fallback.section, report)
        for check in Configuration.Check.allCases {
            let ofCheck = byCheck[check].map { [$0] } ?? []
            durations.byCheck[check] = ofCheck.last.map {
                Self.resolve([fallback, $0], for: $0.section, report)
            }
            let ofBoth = byCheckAndReason[check] ?? [:]
            for reason in Set(byReason.keys).union(ofBoth.keys) {
                let section = ConfigurationKey("durations", "check", check.rawValue, "reason", reason)
                let layers = [fallback] + ofCheck + [byReason[reason], ofBoth[reason]].compactMap(\.self)
                durations.byCheckAndReason[check, default: [:]][reason] = Self.resolve(
                    layers, for: section, report)
            }
        }
        for (reason, terms) in byReason {
            durations.byReason[reason] = Self.resolve([fallback, terms], for: terms.section, report)
        }
        durations.leaveOutRepetitions()
    }

    /// - Parameter layers: the least specific first; the first gives every key that no other one has.
    private static func resolve(
        _ layers: [PartialTerms], for section: ConfigurationKey, _ report: Report
    ) -> Configuration.Durations.Terms {
        var terms = Configuration.Durations.Terms()
        for layer in layers { layer.put(over: &terms) }
        report.add(origin: layers[layers.count - 1].section, of: section)
        for name in PartialTerms.all {
            let origin = layers.last { $0.names.contains(name) } ?? layers[0]
            report.add(origin: origin.section.appending(name), of: section.appending(name))
        }
        return terms
    }
}

extension Configuration.Durations {
    /// Leaves out terms that would hold without being there. There are terms for each check and each reason
    /// together, so leaving out those of a reason alone changes nothing.
    fileprivate mutating func leaveOutRepetitions() {
        byCheck = byCheck.filter { $0.value != fallback }
        byReason = byReason.filter { $0.value != fallback }
        let resolved = byCheckAndReason
        byCheckAndReason = [:]
        for (check, reasons) in resolved {
            let new = reasons.filter { $0.value != terms(check: check, reason: $0.key) }
            if !new.isEmpty { byCheckAndReason[check] = new }
        }
    }
}
