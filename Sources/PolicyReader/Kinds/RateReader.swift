// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel
internal import SentinelConfiguration
internal import TOMLDocument

/// Rates that others allow.
private enum RatePreset: String, CaseIterable {
    case libp2p, heartwood
}

extension SectionReader {
    /// How often each source may come.
    func readRate(_ name: String) -> SourceRate? {
        let preset: RatePreset? = value("preset", .word, example: "\"libp2p\"")
        var limits: SourceRate.Limits? = SourceRate.Limits(tiers: [])
        switch preset {
        case .libp2p: limits = make { () throws(SentinelError) in try .libp2p }
        case .heartwood: limits = make { () throws(SentinelError) in try .heartwood }
        case nil: break
        }
        let example = "{ family = \"ipv4\", prefix = 32, rate = \"5/s\", burst = 20 }"
        let tiers = blocks("tiers", example: example) { section, block -> SourceRate.Tier? in
            guard let rate = section.tokenRate("5/s"), let block else { return nil }
            return section.make { () throws(SentinelError) in
                try SourceRate.Tier(block.family, prefixLength: block.prefixLength, rate: rate)
            }
        }
        if has("tiers") { limits?.tiers = tiers }
        let peer = self.section("peer")
        if has("peer") { limits?.peer = peer.tokenRate("1/m") }
        peer.finish()
        if let exempts = value("exempt_loopback", .boolean, example: "true") {
            limits?.exemptsLoopback = exempts
        }
        let checks = checks(.accept)
        let plane = plane(.kernel)
        let capacity = capacity(SourceRate.defaultCapacity)
        if !has("preset"), !has("peer"), !has("tiers") {
            report.add(
                ConfigurationFault("limits nothing", "write preset = \"libp2p\", or tiers = [\(example)]"),
                at: key)
        }
        guard let limits else { return nil }
        return make { () throws(SentinelError) in
            try SourceRate(name: name, limits: limits, checks: checks, plane: plane, capacity: capacity)
        }
    }
}
