// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel
internal import SentinelConfiguration
internal import TOMLDocument

extension SectionReader {
    /// From how many banned sources on a whole block is denied.
    func readWidening(_ name: String) -> Widening? {
        guard let standard = make({ () throws(SentinelError) in try Widening.Terms.standard }) else {
            return nil
        }
        let example = "{ family = \"ipv4\", prefix = 24, sources = 8 }"
        let levels = blocks("levels", example: example, isBlock: true) {
            section, block -> Widening.Level? in
            guard let sources: Int = section.required("sources", .integer, example: "8"), let block else {
                return nil
            }
            guard Widening.Level.sourceCounts.contains(sources) else {
                section.addRange(Widening.Level.sourceCounts, of: sources, at: "sources")
                return nil
            }
            return section.make { () throws(SentinelError) in
                try Widening.Level(block.family, prefixLength: block.prefixLength, sources: sources)
            }
        }
        let within = duration("within", example: "1h") ?? standard.within
        let duration = duration("duration", example: "1d")
        let capacity = capacity(Widening.defaultCapacity)
        return make { () throws(SentinelError) in
            let terms = try Widening.Terms(
                levels: has("levels") ? levels : standard.levels, within: within, duration: duration)
            return try Widening(name: name, terms: terms, capacity: capacity)
        }
    }
}
