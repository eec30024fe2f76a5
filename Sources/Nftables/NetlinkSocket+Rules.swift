// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

extension NetlinkSocket {
    /// The kernel's numbers of a chain's rules, in their order. A rule that is replaced gets another, so the same
    /// numbers are the same rules.
    public func ruleHandles(of chain: Chain) throws(NftablesError) -> [UInt64] {
        try dump(.getRule, chain.table.family, "list rules", chain.description) {
            $0.put(NFTA_RULE_TABLE.rawValue, string: chain.table.name)
            $0.put(NFTA_RULE_CHAIN.rawValue, string: chain.name)
        } parse: { message in
            for attribute in Attributes(message: message)
            where attribute.type == Int32(NFTA_RULE_HANDLE.rawValue) {
                return attribute.bigEndian(UInt64.self)
            }
            return nil
        }
    }
}
