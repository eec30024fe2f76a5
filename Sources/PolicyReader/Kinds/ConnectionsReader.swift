// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel
internal import SentinelConfiguration
internal import TOMLDocument

extension SectionReader {
    /// How many connections there may be at a time.
    func readConnections(_ name: String) -> ConnectionLimits? {
        let example = "{ family = \"ipv4\", prefix = 32, inbound = 8 }"
        var limits = ConnectionLimits.Limits()
        limits.tiers = blocks("tiers", example: example) { section, block in
            guard let most = section.most(), let block else { return nil }
            return section.make { () throws(SentinelError) in
                try ConnectionLimits.Tier(block.family, prefixLength: block.prefixLength, most)
            }
        }
        limits.peer = most("peer")
        limits.total = most("total")
        read("exempt_loopback", .boolean, example: "true", into: &limits.exemptsLoopback)
        let plane = plane(.userSpace)
        let capacity = capacity(SourceRate.defaultCapacity)
        if !["tiers", "peer", "total"].contains(where: has) {
            report.add(
                ConfigurationFault(
                    "limits nothing", "write total = { inbound = 128 }, or tiers = [\(example)]"),
                at: key)
        }
        return make { () throws(SentinelError) in
            try ConnectionLimits(name: name, limits: limits, plane: plane, capacity: capacity)
        }
    }

    /// The limits in a section of this name; none where there isn't one.
    private func most(_ name: String) -> ConnectionLimits.Most {
        let section = self.section(name)
        guard has(name) else { return ConnectionLimits.Most() }
        let most = section.most()
        section.finish()
        return most ?? ConnectionLimits.Most()
    }

    /// `inbound` and `outbound`; nil where there is neither.
    private func most() -> ConnectionLimits.Most? {
        let range = 1...1_000_000_000
        let most = ConnectionLimits.Most(
            inbound: integer("inbound", in: range, example: 8),
            outbound: integer("outbound", in: range, example: 8))
        guard has("inbound") || has("outbound") else {
            report.add(
                ConfigurationFault("limits nothing", "write inbound = 8, outbound = 8, or both"), at: key)
            return nil
        }
        return most
    }
}
