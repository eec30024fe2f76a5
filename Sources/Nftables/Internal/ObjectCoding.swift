// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

// Tables, chains and sets to libnftnl's objects, and from the messages that the kernel sends. These aren't read by
// libnftnl: where an attribute hasn't the length that it expects, it ends the process.

extension Table {
    func object() -> TableHandle {
        let object = TableHandle()
        nftnl_table_set_u32(object.pointer, UInt16(NFTNL_TABLE_FAMILY.rawValue), UInt32(family.rawValue))
        nftnl_table_set_str(object.pointer, UInt16(NFTNL_TABLE_NAME.rawValue), name)
        nftnl_table_set_u32(object.pointer, UInt16(NFTNL_TABLE_FLAGS.rawValue), flags.rawValue)
        if let comment {
            UserData.withComment(comment, type: UInt8(NFTNL_UDATA_TABLE_COMMENT.rawValue)) {
                _ = nftnl_table_set_data(
                    object.pointer, UInt16(NFTNL_TABLE_USERDATA.rawValue), $0.baseAddress, UInt32($0.count))
            }
        }
        return object
    }

    init?(message: UnsafePointer<nlmsghdr>) {
        var name: String?
        var table = Table(message.family, "")
        for attribute in Attributes(message: message) {
            switch UInt32(attribute.type) {
            case NFTA_TABLE_NAME.rawValue: name = attribute.string
            case NFTA_TABLE_FLAGS.rawValue:
                table.flags = Flags(rawValue: attribute.bigEndian(UInt32.self) ?? 0)
            case NFTA_TABLE_OWNER.rawValue: table.owner = attribute.bigEndian(UInt32.self)
            case NFTA_TABLE_HANDLE.rawValue: table.handle = attribute.bigEndian(UInt64.self)
            case NFTA_TABLE_USERDATA.rawValue:
                table.comment = UserData.comment(
                    in: attribute.payload, type: UInt8(NFTNL_UDATA_TABLE_COMMENT.rawValue))
            default: break
            }
        }
        guard let name else { return nil }
        table.name = name
        self = table
    }
}

extension Chain {
    func object() -> ChainHandle {
        let object = ChainHandle()
        nftnl_chain_set_u32(
            object.pointer, UInt16(NFTNL_CHAIN_FAMILY.rawValue), UInt32(table.family.rawValue))
        nftnl_chain_set_str(object.pointer, UInt16(NFTNL_CHAIN_TABLE.rawValue), table.name)
        nftnl_chain_set_str(object.pointer, UInt16(NFTNL_CHAIN_NAME.rawValue), name)
        guard let hook else { return object }
        nftnl_chain_set_str(object.pointer, UInt16(NFTNL_CHAIN_TYPE.rawValue), "filter")
        nftnl_chain_set_u32(object.pointer, UInt16(NFTNL_CHAIN_HOOKNUM.rawValue), hook.point.number)
        nftnl_chain_set_s32(object.pointer, UInt16(NFTNL_CHAIN_PRIO.rawValue), hook.priority)
        if case .ingress(let device) = hook.point {
            nftnl_chain_set_str(object.pointer, UInt16(NFTNL_CHAIN_DEV.rawValue), device)
        }
        nftnl_chain_set_u32(
            object.pointer, UInt16(NFTNL_CHAIN_POLICY.rawValue),
            UInt32(hook.policy == .accept ? NF_ACCEPT : NF_DROP))
        return object
    }

    init?(message: UnsafePointer<nlmsghdr>) {
        var names: (chain: String?, table: String?)
        var handle: UInt64?
        var hook: HookAttributes?
        var policy: UInt32?
        for attribute in Attributes(message: message) {
            switch UInt32(attribute.type) {
            case NFTA_CHAIN_NAME.rawValue: names.chain = attribute.string
            case NFTA_CHAIN_TABLE.rawValue: names.table = attribute.string
            case NFTA_CHAIN_HANDLE.rawValue: handle = attribute.bigEndian(UInt64.self)
            case NFTA_CHAIN_HOOK.rawValue: hook = HookAttributes(attribute.nested)
            case NFTA_CHAIN_POLICY.rawValue: policy = attribute.bigEndian(UInt32.self)
            default: break
            }
        }
        guard let name = names.chain, let table = names.table else { return nil }
        self.init(Table(message.family, table), name)
        self.handle = handle
        guard let hook, let point = hook.point else { return }
        self.hook = Hook(
            point, priority: hook.priority, policy: policy == UInt32(NF_DROP) ? .drop : .accept)
    }
}

/// What a chain's message says of its hook (`enum nft_hook_attributes`).
private struct HookAttributes {
    var number: UInt32?
    var priority: Int32 = 0
    var device = ""

    init(_ attributes: Attributes) {
        for attribute in attributes {
            switch UInt32(attribute.type) {
            case NFTA_HOOK_HOOKNUM.rawValue: number = attribute.bigEndian(UInt32.self)
            case NFTA_HOOK_PRIORITY.rawValue: priority = attribute.bigEndian(Int32.self) ?? 0
            case NFTA_HOOK_DEV.rawValue: device = attribute.string
            default: break
            }
        }
    }

    /// Where it is; nil where the chain has none, or one that isn't known here.
    var point: Chain.Hook.Point? {
        let points: [Chain.Hook.Point] = [
            .prerouting, .input, .forward, .output, .postrouting, .ingress(device: device),
        ]
        return points.first { $0.number == number }
    }
}

extension NamedSet {
    func object(id: UInt32) -> SetHandle {
        let object = SetHandle()
        let pointer = object.pointer
        func put(_ attribute: nftnl_set_attr, _ value: UInt32) {
            nftnl_set_set_u32(pointer, UInt16(attribute.rawValue), value)
        }
        put(NFTNL_SET_FAMILY, UInt32(table.family.rawValue))
        nftnl_set_set_str(object.pointer, UInt16(NFTNL_SET_TABLE.rawValue), table.name)
        nftnl_set_set_str(object.pointer, UInt16(NFTNL_SET_NAME.rawValue), name)
        put(NFTNL_SET_ID, id)
        put(NFTNL_SET_FLAGS, flags.rawValue)
        put(NFTNL_SET_KEY_TYPE, keyType.number)
        put(NFTNL_SET_KEY_LEN, UInt32(keyType.length))
        if let size { put(NFTNL_SET_DESC_SIZE, size) }
        if let timeout {
            nftnl_set_set_u64(object.pointer, UInt16(NFTNL_SET_TIMEOUT.rawValue), timeout.kernelMilliseconds)
        }
        _ = byteOrderNote.withUnsafeBytes {
            nftnl_set_set_data(
                object.pointer, UInt16(NFTNL_SET_USERDATA.rawValue), $0.baseAddress, UInt32($0.count))
        }
        if hasCounters { nftnl_set_add_expr(object.pointer, ExpressionHandle("counter").release()) }
        return object
    }

    /// What nft notes of a key's byte order: 1 the host's, 2 the network's, 0 for several fields.
    private var byteOrderNote: [UInt8] {
        let order: UInt32 = keyType.fields.count > 1 ? 0 : keyType.fields[0].isHostOrder ? 1 : 2
        return [UInt8(NFTNL_UDATA_SET_KEYBYTEORDER.rawValue), 4] + withUnsafeBytes(of: order, Array.init)
    }

    init?(message: UnsafePointer<nlmsghdr>) {
        var names: (set: String?, table: String?)
        var keyType: KeyType?
        var set = NamedSet.named("", in: Table(message.family, ""))
        for attribute in Attributes(message: message) {
            switch UInt32(attribute.type) {
            case NFTA_SET_NAME.rawValue: names.set = attribute.string
            case NFTA_SET_TABLE.rawValue: names.table = attribute.string
            case NFTA_SET_KEY_TYPE.rawValue:
                keyType = attribute.bigEndian(UInt32.self).flatMap { KeyType(number: $0) }
            case NFTA_SET_FLAGS.rawValue: set.flags = Flags(rawValue: attribute.bigEndian(UInt32.self) ?? 0)
            case NFTA_SET_DESC.rawValue:
                for field in attribute.nested where field.type == Int32(NFTA_SET_DESC_SIZE.rawValue) {
                    set.size = field.bigEndian(UInt32.self)
                }
            case NFTA_SET_TIMEOUT.rawValue:
                set.timeout = attribute.bigEndian(UInt64.self).map { .milliseconds($0) }
            case NFTA_SET_EXPR.rawValue, NFTA_SET_EXPRESSIONS.rawValue: set.hasCounters = true
            case sentinel_NFTA_SET_TYPE: set.backend = backendName(symbol: attribute.string)
            case sentinel_NFTA_SET_COUNT: set.count = attribute.bigEndian(UInt32.self)
            case NFTA_SET_HANDLE.rawValue: set.handle = attribute.bigEndian(UInt64.self)
            default: break
            }
        }
        guard let name = names.set, let table = names.table, let keyType else { return nil }
        set.name = name
        set.table.name = table
        set.keyType = keyType
        self = set
    }
}

extension UnsafePointer<nlmsghdr> {
    /// The family in a received message's netfilter header.
    var family: Family {
        let header = (UnsafeRawPointer(self) + Int(sentinel_MNL_NLMSG_HDRLEN))
            .assumingMemoryBound(to: nfgenmsg.self)
        return Family(rawValue: header.pointee.nfgen_family)
    }
}

/// The kernel names the symbol of the backend's operations, `nft_set_rhash_type`, or its address without symbols.
func backendName(symbol: String) -> String? {
    let (prefix, suffix) = ("nft_set_", "_type")
    guard symbol.hasPrefix(prefix), symbol.hasSuffix(suffix), symbol.count > prefix.count + suffix.count
    else { return nil }
    return String(symbol.dropFirst(prefix.count).dropLast(suffix.count))
}
