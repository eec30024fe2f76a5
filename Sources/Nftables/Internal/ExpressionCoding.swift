// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

extension Rule {
    func object() -> RuleHandle {
        let object = RuleHandle()
        nftnl_rule_set_u32(
            object.pointer, UInt16(NFTNL_RULE_FAMILY.rawValue), UInt32(chain.table.family.rawValue))
        nftnl_rule_set_str(object.pointer, UInt16(NFTNL_RULE_TABLE.rawValue), chain.table.name)
        nftnl_rule_set_str(object.pointer, UInt16(NFTNL_RULE_CHAIN.rawValue), chain.name)
        if let comment {
            UserData.withComment(comment, type: UInt8(NFTNL_UDATA_RULE_COMMENT.rawValue)) {
                _ = nftnl_rule_set_data(
                    object.pointer, UInt16(NFTNL_RULE_USERDATA.rawValue), $0.baseAddress, UInt32($0.count))
            }
        }
        for expression in expressions {
            nftnl_rule_add_expr(object.pointer, expression.object().release())
        }
        return object
    }
}

extension Expression {
    func object() -> ExpressionHandle {
        switch self {
        case .meta(let key, let register):
            return Self.make("meta") {
                $0.set(NFTNL_EXPR_META_KEY, key.number)
                $0.set(NFTNL_EXPR_META_DREG, register.number)
            }
        case .payload(let base, let offset, let length, let register):
            return Self.make("payload") {
                $0.set(NFTNL_EXPR_PAYLOAD_DREG, register.number)
                $0.set(NFTNL_EXPR_PAYLOAD_BASE, base.number)
                $0.set(NFTNL_EXPR_PAYLOAD_OFFSET, offset)
                $0.set(NFTNL_EXPR_PAYLOAD_LEN, length)
            }
        case .bitwise(let register, let mask, let xor):
            return Self.make("bitwise") {
                $0.set(NFTNL_EXPR_BITWISE_SREG, register.number)
                $0.set(NFTNL_EXPR_BITWISE_DREG, register.number)
                $0.set(NFTNL_EXPR_BITWISE_OP, sentinel_NFT_BITWISE_BOOL)
                $0.set(NFTNL_EXPR_BITWISE_LEN, UInt32(mask.count))
                $0.set(NFTNL_EXPR_BITWISE_MASK, mask)
                $0.set(NFTNL_EXPR_BITWISE_XOR, xor)
            }
        case .compare(let register, let comparison, let data):
            return Self.make("cmp") {
                $0.set(NFTNL_EXPR_CMP_SREG, register.number)
                $0.set(NFTNL_EXPR_CMP_OP, comparison == .equal ? NFT_CMP_EQ.rawValue : NFT_CMP_NEQ.rawValue)
                $0.set(NFTNL_EXPR_CMP_DATA, data)
            }
        case .lookup(let register, let set):
            return Self.make("lookup") {
                $0.set(NFTNL_EXPR_LOOKUP_SREG, register.number)
                $0.set(NFTNL_EXPR_LOOKUP_SET, set)
            }
        case .counter(let counter):
            return Self.make("counter") {
                // One that begins at nothing is written as nft writes it.
                if counter.packets != 0 { $0.set(NFTNL_EXPR_CTR_PACKETS, counter.packets) }
                if counter.bytes != 0 { $0.set(NFTNL_EXPR_CTR_BYTES, counter.bytes) }
            }
        case .verdict(let verdict):
            return Self.make("immediate") {
                $0.set(NFTNL_EXPR_IMM_DREG, UInt32(NFT_REG_VERDICT.rawValue))
                if let chain = verdict.chain { $0.set(NFTNL_EXPR_IMM_CHAIN, chain) }
                $0.set(NFTNL_EXPR_IMM_VERDICT, UInt32(bitPattern: verdict.number))
            }
        case .reject(let reason):
            return Self.make("reject") {
                $0.set(NFTNL_EXPR_REJECT_TYPE, UInt32(NFT_REJECT_ICMPX_UNREACH.rawValue))
                nftnl_expr_set_u8($0.pointer, UInt16(NFTNL_EXPR_REJECT_CODE), reason.number)
            }
        }
    }

    private static func make(_ name: String, _ body: (borrowing ExpressionHandle) -> Void) -> ExpressionHandle
    {
        let object = ExpressionHandle(name)
        body(object)
        return object
    }
}

extension ExpressionHandle {
    fileprivate func set(_ attribute: some BinaryInteger, _ value: UInt32) {
        nftnl_expr_set_u32(pointer, UInt16(attribute), value)
    }

    fileprivate func set(_ attribute: some BinaryInteger, _ value: UInt64) {
        nftnl_expr_set_u64(pointer, UInt16(attribute), value)
    }

    fileprivate func set(_ attribute: some BinaryInteger, _ value: String) {
        nftnl_expr_set_str(pointer, UInt16(attribute), value)
    }

    fileprivate func set(_ attribute: some BinaryInteger, _ value: [UInt8]) {
        value.withUnsafeBytes {
            _ = nftnl_expr_set(pointer, UInt16(attribute), $0.baseAddress, UInt32($0.count))
        }
    }
}

extension Expression.Meta {
    fileprivate var number: UInt32 {
        switch self {
        case .nfproto: UInt32(NFT_META_NFPROTO.rawValue)
        case .l4proto: UInt32(NFT_META_L4PROTO.rawValue)
        case .skuid: UInt32(NFT_META_SKUID.rawValue)
        }
    }
}

extension Expression.PayloadBase {
    fileprivate var number: UInt32 {
        switch self {
        case .link: UInt32(NFT_PAYLOAD_LL_HEADER.rawValue)
        case .network: UInt32(NFT_PAYLOAD_NETWORK_HEADER.rawValue)
        case .transport: UInt32(NFT_PAYLOAD_TRANSPORT_HEADER.rawValue)
        }
    }
}

extension Expression.Verdict {
    fileprivate var number: Int32 {
        switch self {
        case .accept: NF_ACCEPT
        case .drop: NF_DROP
        case .return: NFT_RETURN.rawValue
        case .jump: NFT_JUMP.rawValue
        case .goto: NFT_GOTO.rawValue
        }
    }

    fileprivate var chain: String? {
        switch self {
        case .jump(let chain), .goto(let chain): chain
        case .accept, .drop, .return: nil
        }
    }
}

extension Expression.RejectReason {
    fileprivate var number: UInt8 {
        switch self {
        case .noRoute: UInt8(NFT_REJECT_ICMPX_NO_ROUTE.rawValue)
        case .portUnreachable: UInt8(NFT_REJECT_ICMPX_PORT_UNREACH.rawValue)
        case .hostUnreachable: UInt8(NFT_REJECT_ICMPX_HOST_UNREACH.rawValue)
        case .adminProhibited: UInt8(NFT_REJECT_ICMPX_ADMIN_PROHIBITED.rawValue)
        }
    }
}
