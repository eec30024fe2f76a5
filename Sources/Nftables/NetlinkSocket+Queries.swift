// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

extension NetlinkSocket {
    /// The generation that the ruleset has now. Costs a few microseconds: cheap enough to poll.
    public func generation() throws(NftablesError) -> Generation {
        var number: UInt32?
        try ask(.getGeneration, .any, "read generation", "") { _ in
        } answer: { message in
            for attribute in Attributes(message: message) where attribute.type == Int32(NFTA_GEN_ID.rawValue)
            {
                number = attribute.bigEndian(UInt32.self)
            }
        }
        guard let number else { throw NftablesError(.invalid, operation: "read generation") }
        return Generation(number: number)
    }

    /// A table as the kernel has it; nil where there is none.
    public func table(_ table: Table) throws(NftablesError) -> Table? {
        var found: Table?
        do {
            try ask(.getTable, table.family, "read table", table.description) {
                $0.put(NFTA_TABLE_NAME.rawValue, string: table.name)
            } answer: {
                found = Table(message: $0)
            }
        } catch  where error.code == .notFound {
            return nil
        }
        return found
    }

    /// All tables of a family.
    public func tables(_ family: Family = .any) throws(NftablesError) -> [Table] {
        try dump(.getTable, family, "list tables", "") { _ in
        } parse: {
            Table(message: $0)
        }
    }

    /// All chains of a table.
    public func chains(in table: Table) throws(NftablesError) -> [Chain] {
        try dump(.getChain, table.family, "list chains", table.description) {
            $0.put(NFTA_CHAIN_TABLE.rawValue, string: table.name)
        } parse: { message in
            Chain(message: message).flatMap { $0.table.name == table.name ? $0 : nil }
        }
    }

    /// A set as the kernel has it; nil where there is none.
    public func set(_ set: NamedSet) throws(NftablesError) -> NamedSet? {
        var found: NamedSet?
        do {
            try ask(.getSet, set.table.family, "read set", set.description) {
                $0.put(NFTA_SET_TABLE.rawValue, string: set.table.name)
                $0.put(NFTA_SET_NAME.rawValue, string: set.name)
            } answer: {
                found = NamedSet(message: $0)
            }
        } catch  where error.code == .notFound {
            return nil
        }
        return found
    }

    /// All named sets of a table whose keys are of a type that ``KeyType`` knows.
    public func sets(in table: Table) throws(NftablesError) -> [NamedSet] {
        try dump(.getSet, table.family, "list sets", table.description) {
            $0.put(NFTA_SET_TABLE.rawValue, string: table.name)
        } parse: { message in
            NamedSet(message: message).flatMap { $0.flags.contains(.anonymous) ? nil : $0 }
        }
    }

    /// All elements of a set, for small sets only: the kernel walks a hash set from its start for each 64 KB, so
    /// 16 k elements take 10 ms, 100 k a third of a second and 1 M the better part of a minute. Read large sets by key.
    ///
    /// - Throws: `.changedWhileReading` where the ruleset changed during each of several tries: a dump that runs
    ///   beside a change repeats elements and misses others.
    public func elements(of set: NamedSet) throws(NftablesError) -> [Element] {
        try dump(.getElement, set.table.family, "list elements", set.description) {
            $0.put(NFTA_SET_ELEM_LIST_TABLE.rawValue, string: set.table.name)
            $0.put(NFTA_SET_ELEM_LIST_SET.rawValue, string: set.name)
        } parse: {
            ElementCoding.elements(of: $0)
        } isWhole: { parts in
            // A hash set that was filled a moment ago is still being spread out, at the same generation: what has
            // moved meanwhile is listed twice, and as much is missing. An interval may begin where another ends.
            let keys = parts.joined().filter { !$0.isIntervalEnd }.map(\.key)
            return Set(keys).count == keys.count
        }.flatMap { $0 }
    }

    // MARK: Asking

    /// Asks one question that is answered by at most a few messages and an acknowledgement.
    func ask(
        _ type: MessageType, _ family: Family, _ operation: String, _ object: String,
        put: (UnsafeMutablePointer<nlmsghdr>) -> Void, answer: (UnsafePointer<nlmsghdr>) -> Void
    ) throws(NftablesError) {
        let deadline = try begin(type, family, operation, put: put)
        while let datagram = try receive(until: deadline) {
            if try isEnd(datagram, operation, object, answer: answer) { return }
        }
    }

    /// As ``ask(_:_:_:_:put:answer:)``, for many answers that are small.
    func askForMany(
        _ type: MessageType, _ family: Family, _ operation: String, _ object: String,
        put: (UnsafeMutablePointer<nlmsghdr>) -> Void, answer: (UnsafePointer<nlmsghdr>) -> Void
    ) throws(NftablesError) {
        let deadline = try begin(type, family, operation, put: put)
        var isOver = false
        while !isOver {
            try receiveSmall(until: deadline) { datagram throws(NftablesError) in
                isOver = try isEnd(datagram, operation, object, answer: answer) || isOver
            }
        }
    }

    /// Asks a question, with nothing of an earlier one left in the way.
    ///
    /// - Returns: until when it should be answered.
    private func begin(
        _ type: MessageType, _ family: Family, _ operation: String,
        put: (UnsafeMutablePointer<nlmsghdr>) -> Void
    ) throws(NftablesError) -> ContinuousClock.Instant {
        drain()
        try send(type, family, flags: NLM_F_ACK, operation, put: put)
        return .now + deadline
    }

    /// Hands out the answers in a datagram.
    ///
    /// - Returns: whether the kernel says in it that it is done.
    private func isEnd(
        _ datagram: UnsafeRawBufferPointer, _ operation: String, _ object: String,
        answer: (UnsafePointer<nlmsghdr>) -> Void
    ) throws(NftablesError) -> Bool {
        for message in Messages(datagram) {
            guard let verdict = KernelVerdict(message: message) else {
                answer(message)
                continue
            }
            guard verdict.errno == 0 else {
                throw NftablesError(
                    errno: verdict.errno, operation: operation, object: object,
                    kernelMessage: verdict.message)
            }
            return true
        }
        return false
    }

    func send(
        _ type: MessageType, _ family: Family, flags: Int32, _ operation: String,
        put: (UnsafeMutablePointer<nlmsghdr>) -> Void
    ) throws(NftablesError) {
        var buffer = MessageBuffer()
        put(buffer.begin(type, flags: flags, sequence: 1, family: family))
        buffer.end()
        try send(buffer.bytes, operation: operation)
    }

    /// Lists objects. The kernel may say that a listing was interrupted by a change, but doesn't always: a
    /// listing counts only if the generation is the same before, in each part, and after.
    func dump<T>(
        _ type: MessageType, _ family: Family, _ operation: String, _ object: String,
        put: (UnsafeMutablePointer<nlmsghdr>) -> Void, parse: (UnsafePointer<nlmsghdr>) -> T?,
        isWhole: ([T]) -> Bool = { _ in true }
    ) throws(NftablesError) -> [T] {
        for _ in 0..<Self.dumpAttempts {
            let before = try generation()
            drain()
            try send(type, family, flags: NLM_F_DUMP, operation, put: put)
            let (found, isConsistent) = try collect(before, operation, object, parse: parse)
            if isConsistent, isWhole(found), try generation() == before { return found }
        }
        throw NftablesError(.changedWhileReading, operation: operation, object: object)
    }

    private static var dumpAttempts: Int { 8 }

    private func collect<T>(
        _ generation: Generation, _ operation: String, _ object: String,
        parse: (UnsafePointer<nlmsghdr>) -> T?
    ) throws(NftablesError) -> (found: [T], isConsistent: Bool) {
        var found: [T] = []
        var isConsistent = true
        let deadline = ContinuousClock.now + deadline
        while let datagram = try receive(until: deadline) {
            for message in Messages(datagram) {
                if message.pointee.nlmsg_flags & UInt16(NLM_F_DUMP_INTR) != 0 { isConsistent = false }
                if let verdict = KernelVerdict(message: message) {
                    guard verdict.errno == 0 else {
                        throw NftablesError(
                            errno: verdict.errno, operation: operation, object: object,
                            kernelMessage: verdict.message)
                    }
                    return (found, isConsistent)
                }
                // Each part carries the low half of its generation.
                let header = (UnsafeRawPointer(message) + Int(sentinel_MNL_NLMSG_HDRLEN))
                    .assumingMemoryBound(to: nfgenmsg.self)
                let part = UInt16(bigEndian: header.pointee.res_id)
                if part != UInt16(truncatingIfNeeded: generation.number) { isConsistent = false }
                if let object = parse(message) { found.append(object) }
            }
        }
        return (found, false)
    }
}
