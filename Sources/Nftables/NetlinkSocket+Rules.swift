// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

/// What a rule has counted that looks a set up and then counts.
public struct LookupCounter: Hashable, Sendable {
    /// The rule's chain.
    public var chain: String
    /// The set that it looks up.
    public var set: String
    /// Whether it says what becomes of the packet; else it only counts.
    public var decides: Bool
    public var counter: Element.Counter
}

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

    /// What a table's rules have counted that look a set up and then count, a value for each rule.
    public func lookupCounters(in table: Table) throws(NftablesError) -> [LookupCounter] {
        try dump(.getRule, table.family, "list rules", table.description) {
            $0.put(NFTA_RULE_TABLE.rawValue, string: table.name)
        } parse: { message in
            lookupCounter(of: message)
        }
    }

    private func lookupCounter(of rule: UnsafePointer<nlmsghdr>) -> LookupCounter? {
        var (chain, set): (String?, String?)
        var counter: Element.Counter?
        var decides = false
        for attribute in Attributes(message: rule) {
            switch UInt32(attribute.type) {
            case NFTA_RULE_CHAIN.rawValue: chain = attribute.string
            case NFTA_RULE_EXPRESSIONS.rawValue:
                for expression in attribute.nested {
                    if let name = lookedUpSet(in: expression.nested) {
                        set = name
                    } else if set != nil, counter == nil {
                        counter = Element.Counter(expression: expression.nested)
                    }
                    decides = decides || isVerdict(expression.nested)
                }
            default: break
            }
        }
        guard let chain, let set, let counter else { return nil }
        return LookupCounter(chain: chain, set: set, decides: decides, counter: counter)
    }

    /// Whether an expression says what becomes of a packet: a rule of a set lookup and a counter has no other immediate.
    private func isVerdict(_ expression: Attributes) -> Bool {
        expression.contains { attribute in
            UInt32(attribute.type) == NFTA_EXPR_NAME.rawValue
                && ["immediate", "reject"].contains(attribute.string)
        }
    }

    /// The set that a lookup expression names; nil where it is another expression.
    private func lookedUpSet(in expression: Attributes) -> String? {
        var isLookup = false
        var set: String?
        for attribute in expression {
            switch UInt32(attribute.type) {
            case NFTA_EXPR_NAME.rawValue: isLookup = attribute.string == "lookup"
            case NFTA_EXPR_DATA.rawValue:
                for value in attribute.nested where UInt32(value.type) == NFTA_LOOKUP_SET.rawValue {
                    set = value.string
                }
            default: break
            }
        }
        return isLookup ? set : nil
    }
}
