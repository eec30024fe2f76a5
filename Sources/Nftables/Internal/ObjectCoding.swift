// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

// Tables, chains and sets to and from libnftnl's objects.

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
        let object = TableHandle()
        guard nftnl_table_nlmsg_parse(message, object.pointer) == 0,
            let name = nftnl_table_get_str(object.pointer, UInt16(NFTNL_TABLE_NAME.rawValue))
        else { return nil }
        func number(_ attribute: nftnl_table_attr) -> UInt32? {
            nftnl_table_is_set(object.pointer, UInt16(attribute.rawValue))
                ? nftnl_table_get_u32(object.pointer, UInt16(attribute.rawValue)) : nil
        }
        self.init(
            Family(rawValue: UInt8(truncatingIfNeeded: number(NFTNL_TABLE_FAMILY) ?? 0)),
            String(cString: name),
            flags: Flags(rawValue: number(NFTNL_TABLE_FLAGS) ?? 0))
        owner = number(NFTNL_TABLE_OWNER)
        handle = nftnl_table_get_u64(object.pointer, UInt16(NFTNL_TABLE_HANDLE.rawValue))
        var length: UInt32 = 0
        if let notes = nftnl_table_get_data(object.pointer, UInt16(NFTNL_TABLE_USERDATA.rawValue), &length) {
            comment = UserData.comment(
                in: UnsafeRawBufferPointer(start: notes, count: Int(length)),
                type: UInt8(NFTNL_UDATA_TABLE_COMMENT.rawValue))
        }
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
        let object = ChainHandle()
        guard nftnl_chain_nlmsg_parse(message, object.pointer) == 0 else { return nil }
        func text(_ attribute: nftnl_chain_attr) -> String? {
            nftnl_chain_get_str(object.pointer, UInt16(attribute.rawValue)).map { String(cString: $0) }
        }
        guard let name = text(NFTNL_CHAIN_NAME), let table = text(NFTNL_CHAIN_TABLE) else { return nil }
        let family = nftnl_chain_get_u32(object.pointer, UInt16(NFTNL_CHAIN_FAMILY.rawValue))
        self.init(Table(Family(rawValue: UInt8(truncatingIfNeeded: family)), table), name)
        handle = nftnl_chain_get_u64(object.pointer, UInt16(NFTNL_CHAIN_HANDLE.rawValue))
        guard nftnl_chain_is_set(object.pointer, UInt16(NFTNL_CHAIN_HOOKNUM.rawValue)) else { return }
        let points: [Hook.Point] = [
            .prerouting, .input, .forward, .output, .postrouting,
            .ingress(device: text(NFTNL_CHAIN_DEV) ?? ""),
        ]
        let number = nftnl_chain_get_u32(object.pointer, UInt16(NFTNL_CHAIN_HOOKNUM.rawValue))
        guard let point = points.first(where: { $0.number == number }) else { return }
        let policy = nftnl_chain_get_u32(object.pointer, UInt16(NFTNL_CHAIN_POLICY.rawValue))
        hook = Hook(
            point, priority: nftnl_chain_get_s32(object.pointer, UInt16(NFTNL_CHAIN_PRIO.rawValue)),
            policy: policy == UInt32(NF_DROP) ? .drop : .accept)
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
        let object = SetHandle()
        guard nftnl_set_nlmsg_parse(message, object.pointer) == 0,
            let name = nftnl_set_get_str(object.pointer, UInt16(NFTNL_SET_NAME.rawValue)),
            let table = nftnl_set_get_str(object.pointer, UInt16(NFTNL_SET_TABLE.rawValue))
        else { return nil }
        func number(_ attribute: nftnl_set_attr) -> UInt32? {
            nftnl_set_is_set(object.pointer, UInt16(attribute.rawValue))
                ? nftnl_set_get_u32(object.pointer, UInt16(attribute.rawValue)) : nil
        }
        guard let type = number(NFTNL_SET_KEY_TYPE), let keyType = KeyType(number: type) else { return nil }
        let family = Family(rawValue: UInt8(truncatingIfNeeded: number(NFTNL_SET_FAMILY) ?? 0))
        self.init(
            Table(family, String(cString: table)), String(cString: name), key: keyType,
            flags: Flags(rawValue: number(NFTNL_SET_FLAGS) ?? 0), size: number(NFTNL_SET_DESC_SIZE))
        if nftnl_set_is_set(object.pointer, UInt16(NFTNL_SET_TIMEOUT.rawValue)) {
            timeout = .milliseconds(nftnl_set_get_u64(object.pointer, UInt16(NFTNL_SET_TIMEOUT.rawValue)))
        }
        hasCounters =
            nftnl_set_is_set(object.pointer, UInt16(NFTNL_SET_EXPR.rawValue))
            || nftnl_set_is_set(object.pointer, UInt16(NFTNL_SET_EXPRESSIONS.rawValue))
        handle = nftnl_set_get_u64(object.pointer, UInt16(NFTNL_SET_HANDLE.rawValue))
        // libnftnl knows it from a later version on.
        for attribute in Attributes(message: message) where attribute.type == Int32(sentinel_NFTA_SET_COUNT) {
            count = attribute.bigEndian(UInt32.self)
        }
    }
}
