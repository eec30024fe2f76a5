// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Configuration.Durations {
    /// How many reasons may have terms of their own.
    static let maximumReasons = 128
    /// The longest code of a reason.
    static let longestReason = 48

    func check(_ findings: inout Findings) {
        let section = ConfigurationKey("durations")
        findings.require(nodeMaximum, section.appending("node_maximum"))
        fallback.check(section.appending("default"), &findings)
        for check in Configuration.Check.allCases {
            byCheck[check]?.check(section.appending("check").appending(check.rawValue), &findings)
        }
        check(reasons: byReason, section, &findings)
        for check in Configuration.Check.allCases {
            let section = section.appending("check").appending(check.rawValue)
            self.check(reasons: byCheckAndReason[check] ?? [:], section, &findings)
        }
        let reasons = byCheckAndReason.values.reduce(into: Set(byReason.keys)) { $0.formUnion($1.keys) }
        findings.require(
            reasons.count <= Self.maximumReasons, section, "has sections for \(reasons.count) reasons",
            "it has \(Self.maximumReasons) at most")
    }

    private func check(
        reasons: [String: Terms], _ section: ConfigurationKey, _ findings: inout Findings
    ) {
        for (reason, terms) in reasons.sorted(by: { $0.key < $1.key }) {
            let section = section.appending("reason").appending(reason)
            if let fault = Self.fault(ofReason: reason) {
                findings.require(false, section, fault.fault, fault.remedy)
            }
            terms.check(section, &findings)
        }
    }

    /// What is wrong with a reason's code; nil where it is one.
    package static func fault(ofReason code: String) -> ConfigurationFault? {
        let isReason =
            (1...longestReason).contains(code.utf8.count)
            && code.unicodeScalars.allSatisfy {
                ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == "-"
            }
        guard !isReason else { return nil }
        return ConfigurationFault(
            "\(code.quotedInMessage) is no code of a reason",
            "a code has 1 to \(longestReason) of the letters a to z, digits and \"-\"")
    }
}

extension Configuration.Durations.Terms {
    func check(_ section: ConfigurationKey, _ findings: inout Findings) {
        let firstKey = section.appending("first")
        let maximumKey = section.appending("maximum")
        findings.require(first, firstKey)
        findings.require(maximum, maximumKey)
        findings.require(
            maximum >= first, maximumKey,
            "\"\(DurationText(maximum))\" is less than the first ban's \"\(DurationText(first))\"",
            "raise it, or lower first", with: [firstKey])
        findings.require(
            factor == 1 || (factor >= 1.01 && factor.isFinite), section.appending("factor"),
            "\(factor) is out of range",
            "it is 1 for bans of the same length, or 1.01 and more for growing ones")
        findings.require(
            (0..<1).contains(jitter), section.appending("jitter"), "\(jitter) is out of range",
            "it is a share, from 0 to below 1")
        findings.require(forgetAfter, section.appending("forget_after"))
        findings.require(
            (permanentAfter ?? 1) >= 1, section.appending("permanent_after"),
            "\(permanentAfter ?? 1) is out of range", "strikes count from 1; for none write \"never\"")
    }
}

extension Findings {
    mutating func require(_ duration: Duration, _ key: ConfigurationKey) {
        let longest = Configuration.Durations.longest
        require(
            duration >= .milliseconds(1) && duration <= longest, key,
            "\"\(DurationText(duration))\" is out of range",
            "it is from \"1ms\" to \"\(DurationText(longest))\"")
    }
}
