// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration
internal import TOMLDocument

/// The terms that one section of the file gives; the others are those of less specific sections.
struct PartialTerms {
    let section: ConfigurationKey
    private(set) var names: [String] = []
    private var given = Configuration.Durations.Terms()
    private var permanence = Permanence.never

    /// Reads all but other sections.
    init(from section: SectionReader) {
        self.section = section.key
        section.read("first", .duration, example: "\"10m\"", into: &given.first)
        section.read("factor", .number, example: "4", into: &given.factor)
        section.read("maximum", .duration, example: "\"7d\"", into: &given.maximum)
        section.read("jitter", .number, example: "0.1", into: &given.jitter)
        section.read("forget_after", .duration, example: "\"30d\"", into: &given.forgetAfter)
        section.read("permanent_after", .permanence, example: "5", into: &permanence)
        if case .after(let strikes) = permanence { given.permanentAfter = strikes }
        names = Self.all.filter(section.has)
    }

    static let all = ["first", "factor", "maximum", "jitter", "forget_after", "permanent_after"]

    /// Puts the given terms over those of less specific sections.
    func put(over terms: inout Configuration.Durations.Terms) {
        for name in names {
            switch name {
            case "first": terms.first = given.first
            case "factor": terms.factor = given.factor
            case "maximum": terms.maximum = given.maximum
            case "jitter": terms.jitter = given.jitter
            case "forget_after": terms.forgetAfter = given.forgetAfter
            default: terms.permanentAfter = given.permanentAfter
            }
        }
    }
}
