// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

/// A generation of the ruleset: a number that grows with each change of it by anyone.
public struct Generation: Hashable, Sendable {
    /// The kernel's number; it starts again at 1 after 2³².
    public let number: UInt32

    public init(number: UInt32) { self.number = number }
}

/// Changes that are made all together or not at all, while they are being gathered.
///
/// ``seal()`` ends the gathering, ``NetlinkSocket/commit(_:)`` has the kernel carry it out. Elements are split
/// into as many messages as their bytes need (a netlink attribute holds at most 64 KB and libnftnl doesn't
/// check), yet all of them are one transaction.
public struct Transaction: ~Copyable {
    /// What the kernel does about something that exists already.
    public enum Existing: Hashable, Sendable {
        /// Leaves it as it is. For an element that means *all* of it: before kernel 6.12 its timeout too, and its
        /// comment on every kernel. To change an element, delete and add it in one transaction.
        case keep
        /// Refuses the transaction: ``NftablesError/Code/alreadyExists``.
        case refuse
    }

    private var buffer: MessageBuffer
    private var operations: [Operation] = []
    private var lastMessage = 0
    private var sequence: UInt32 = 1

    /// An empty transaction.
    ///
    /// - Parameter generation: the one that the ruleset must still have when it is carried out; else the commit
    ///   fails with ``NftablesError/Code/staleGeneration``. Nil: whichever.
    public init(expecting generation: Generation? = nil) {
        buffer = MessageBuffer()
        let header = buffer.begin(
            rawType: UInt16(NFNL_MSG_BATCH_BEGIN), flags: 0, sequence: 0, family: Family.any.rawValue,
            resource: UInt16(NFNL_SUBSYS_NFTABLES))
        if let generation {
            header.put(NFNL_BATCH_GENID.rawValue, bigEndian: generation.number)
        }
        buffer.end()
    }

    /// Whether nothing has been gathered.
    public var isEmpty: Bool { operations.isEmpty }

    /// How many bytes the kernel will be given.
    public var byteCount: Int { buffer.count }

    // MARK: Tables, chains, rules, sets

    /// Adds a table. With ``Table/Flags/owner`` and ``Table/Flags/persist``, adding one whose owner is gone
    /// adopts it.
    public mutating func add(_ table: Table, existing: Existing = .keep) {
        let object = table.object()
        // A table is created without being asked to, as nft has it.
        message(
            .newTable, table.family, flags: existing == .keep ? 0 : existing.flags, "add table",
            table.description
        ) {
            nftnl_table_nlmsg_build_payload($0, object.pointer)
        }
    }

    /// Deletes a table and all that is in it. ``NftablesError/Code/notFound`` where there is none: add it first
    /// in the same transaction to have it gone either way.
    public mutating func delete(_ table: Table) {
        message(.deleteTable, table.family, flags: 0, "delete table", table.description) {
            $0.put(NFTA_TABLE_NAME.rawValue, string: table.name)
        }
    }

    /// Adds a chain.
    public mutating func add(_ chain: Chain, existing: Existing = .keep) {
        let object = chain.object()
        message(.newChain, chain.table.family, flags: existing.flags, "add chain", chain.description) {
            nftnl_chain_nlmsg_build_payload($0, object.pointer)
        }
    }

    /// Deletes a chain that nothing refers to. Its rules must have gone before.
    public mutating func delete(_ chain: Chain) {
        message(.deleteChain, chain.table.family, flags: 0, "delete chain", chain.description) {
            $0.put(NFTA_CHAIN_TABLE.rawValue, string: chain.table.name)
            $0.put(NFTA_CHAIN_NAME.rawValue, string: chain.name)
        }
    }

    /// Adds a rule behind those that its chain has.
    public mutating func add(_ rule: Rule) {
        let object = rule.object()
        let flags = NLM_F_CREATE | NLM_F_APPEND
        message(.newRule, rule.chain.table.family, flags: flags, "add rule", rule.chain.description) {
            nftnl_rule_nlmsg_build_payload($0, object.pointer)
        }
    }

    /// Deletes all rules of a chain.
    public mutating func flush(_ chain: Chain) {
        message(.deleteRule, chain.table.family, flags: 0, "flush chain", chain.description) {
            $0.put(NFTA_RULE_TABLE.rawValue, string: chain.table.name)
            $0.put(NFTA_RULE_CHAIN.rawValue, string: chain.name)
        }
    }

    /// Adds a set.
    public mutating func add(_ set: NamedSet, existing: Existing = .keep) {
        let object = set.object(id: sequence)
        message(.newSet, set.table.family, flags: existing.flags, "add set", set.description) {
            nftnl_set_nlmsg_build_payload($0, object.pointer)
        }
    }

    /// Deletes a set that no rule refers to.
    public mutating func delete(_ set: NamedSet) {
        message(.deleteSet, set.table.family, flags: 0, "delete set", set.description) {
            $0.put(NFTA_SET_TABLE.rawValue, string: set.table.name)
            $0.put(NFTA_SET_NAME.rawValue, string: set.name)
        }
    }

    // MARK: Elements

    /// Adds elements to a set.
    public mutating func add(_ elements: some Sequence<Element>, to set: NamedSet, existing: Existing = .keep)
    {
        put(elements, set, type: .newElement, flags: existing.flags, verb: "add element")
    }

    /// Deletes elements from a set, found by key. One that is absent or has expired refuses the transaction
    /// with ``NftablesError/Code/notFound``: add it first in the same transaction to have it gone either way.
    public mutating func delete(_ elements: some Sequence<Element>, from set: NamedSet) {
        put(elements, set, type: .deleteElement, flags: 0, verb: "delete element")
    }

    /// Deletes those elements of a set that are there, found by key. Kernel 6.3; older ones refuse the transaction
    /// with ``NftablesError/Code/invalid``.
    public mutating func destroy(_ elements: some Sequence<Element>, in set: NamedSet) {
        put(elements, set, type: .destroyElement, flags: 0, verb: "destroy element")
    }

    /// Deletes all elements of a set.
    public mutating func flush(_ set: NamedSet) {
        message(.deleteElement, set.table.family, flags: 0, "flush set", set.description) {
            $0.put(NFTA_SET_ELEM_LIST_SET.rawValue, string: set.name)
            $0.put(NFTA_SET_ELEM_LIST_TABLE.rawValue, string: set.table.name)
        }
    }

    private mutating func put(
        _ elements: some Sequence<Element>, _ set: NamedSet, type: MessageType, flags: Int32, verb: String
    ) {
        var iterator = elements.makeIterator()
        var next = iterator.next()
        let object = set.description
        var left = elements.underestimatedCount
        while next != nil {
            let begin = buffer.count
            var written = 0
            message(type, set.table.family, flags: flags, verb, object) { header in
                header.put(NFTA_SET_ELEM_LIST_TABLE.rawValue, string: set.table.name)
                header.put(NFTA_SET_ELEM_LIST_SET.rawValue, string: set.name)
                guard let list = mnl_attr_nest_start(header, UInt16(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue))
                else {
                    preconditionFailure()
                }
                // The nested list is one attribute, whose length has 16 bits.
                let start = header.pointee.nlmsg_len
                let room =
                    UInt32(UInt16.max) - UInt32(ElementCoding.largestElement) - sentinel_MNL_ATTR_HDRLEN
                while let element = next, header.pointee.nlmsg_len - start < room {
                    ElementCoding.put(element, in: header)
                    written += 1
                    next = iterator.next()
                }
                mnl_attr_nest_end(header, list)
            }
            // Those that are left may take as much as these.
            left -= written
            buffer.reserve((buffer.count - begin) * max(0, left) / written + MessageBuffer.largestMessage)
        }
    }

    // MARK: Sealing

    private mutating func message(
        _ type: MessageType, _ family: Family, flags: Int32, _ verb: String, _ object: String,
        _ body: (UnsafeMutablePointer<nlmsghdr>) -> Void
    ) {
        lastMessage = buffer.count
        let header = buffer.begin(type, flags: flags, sequence: sequence, family: family)
        body(header)
        buffer.end()
        operations.append(Operation(verb: verb, object: object, offset: lastMessage))
        sequence += 1
    }

    /// Ends the gathering.
    ///
    /// The last message asks for the acknowledgement of the whole: the kernel answers only what fails, and one
    /// that is asked for at the batch's end isn't to be had on every kernel.
    public consuming func seal() -> SealedTransaction {
        if !operations.isEmpty {
            let last = (buffer.base + lastMessage).assumingMemoryBound(to: nlmsghdr.self)
            last.pointee.nlmsg_flags |= UInt16(NLM_F_ACK)
        }
        _ = buffer.begin(
            rawType: UInt16(NFNL_MSG_BATCH_END), flags: 0, sequence: sequence, family: Family.any.rawValue,
            resource: UInt16(NFNL_SUBSYS_NFTABLES))
        buffer.end()
        return SealedTransaction(buffer: buffer, operations: operations)
    }
}

extension Transaction.Existing {
    fileprivate var flags: Int32 { self == .keep ? NLM_F_CREATE : NLM_F_CREATE | NLM_F_EXCL }
}

/// What one message of a transaction does, and where it lies.
struct Operation {
    let verb: String
    let object: String
    /// In bytes from the transaction's start.
    let offset: Int
}

/// A transaction that is complete and can be carried out.
public struct SealedTransaction: ~Copyable {
    let buffer: MessageBuffer
    let operations: [Operation]

    /// Whether it changes nothing.
    public var isEmpty: Bool { operations.isEmpty }

    /// What the kernel is given.
    public var bytes: [UInt8] { Array(buffer.bytes) }

    /// The sequence number of the message that asks for the acknowledgement.
    var lastSequence: UInt32 { UInt32(operations.count) }

    /// The operation behind a sequence number; nil for the batch's own first and last message.
    func operation(_ sequence: UInt32) -> Operation? {
        sequence >= 1 && sequence <= operations.count ? operations[Int(sequence) - 1] : nil
    }

    /// The element of an operation whose attribute spans `offset`, counted from the message's start.
    func element(of operation: Operation, at offset: UInt32) -> ElementKey? {
        let header = UnsafeRawPointer(buffer.base + operation.offset).assumingMemoryBound(to: nlmsghdr.self)
        let target = UnsafeRawPointer(header) + Int(offset)
        guard operation.verb.hasSuffix("element"), offset < header.pointee.nlmsg_len else { return nil }
        for list in Attributes(message: header) where list.type == Int32(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue)
        {
            for attribute in list.nested {
                let start = UnsafeRawPointer(attribute.raw)
                if target >= start, target < start + Int(attribute.raw.pointee.nla_len) {
                    return ElementCoding.element(of: attribute)?.key
                }
            }
        }
        return nil
    }
}
