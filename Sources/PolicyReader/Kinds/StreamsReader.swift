// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Sentinel
internal import SentinelConfiguration
internal import TOMLDocument

/// Limits that others have.
private enum StreamPreset: String, CaseIterable {
    case radicle
}

extension SectionReader {
    /// How often, and how many, streams of each type a peer may open.
    func readStreams(_ name: String) -> StreamLimits? {
        let preset: StreamPreset? = value("preset", .word, example: "\"radicle\"")
        var limits: [StreamType: StreamLimits.Limit] = [:]
        if preset == .radicle {
            limits = make { () throws(SentinelError) in try StreamLimits.radicle } ?? [:]
        }
        let types = section("types")
        for name in types.names {
            let section = types.section(name)
            let limit = section.streamLimit()
            guard let type = StreamType(name) else {
                report.add(.unknownType(name), at: section.key)
                continue
            }
            limits[type] = limit
        }
        let section = self.section("others")
        let others = has("others") ? section.streamLimit() : nil
        let capacity = capacity(SourceRate.defaultCapacity)
        if !has("preset"), !has("others"), types.names.isEmpty {
            report.add(
                ConfigurationFault("limits nothing", "write preset = \"radicle\", or [policy.types.git]"),
                at: key)
        }
        return make { () throws(SentinelError) in
            try StreamLimits(name: name, limits: limits, others: others, capacity: capacity)
        }
    }

    private func streamLimit() -> StreamLimits.Limit? {
        let rate = tokenRate("1/m", isRequired: false)
        let open = integer("open", in: 1...1_000_000_000, example: 8)
        var action = StreamAction.endConnection
        read("action", .name, example: "\"refuse-stream\"", into: &action)
        finish()
        if !has("rate"), !has("burst"), !has("open") {
            report.add(
                ConfigurationFault("limits nothing", "write rate = \"1/m\", open = 8, or both"), at: key)
        }
        return make { () throws(SentinelError) in
            try StreamLimits.Limit(rate: rate, open: open, action: action)
        }
    }
}

extension ConfigurationFault {
    /// A stream's type that is none.
    fileprivate static func unknownType(_ name: String) -> Self {
        let known = ["git", "membership", "gossip", "interrogation"]
        let near = Suggestion.nearest(to: name, in: known).map { "did you mean \($0)?" }
        return Self(
            "is no type of streams",
            near ?? "write \(known.joined(separator: ", ")) or a protocol id in quotes, as \"/ipfs/id/1.0.0\""
        )
    }
}
