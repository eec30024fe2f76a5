// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Nftables
internal import SentinelProtocol
internal import Varlink

extension Helper {
    /// The table's sets, as the kernel has them.
    func sets(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.operate, call.peer)
        let parameters = try call.parameters(of: HelperInterface.sets)
        var kinds = SetKind.allCases
        if let name = parameters.name {
            guard let kind = SetKind(name: name) else {
                throw VarlinkFailure(
                    "name",
                    "there is no set \(quoted(name)); the sets are "
                        + SetKind.allCases.map(\.name).joined(separator: ", "))
            }
            kinds = [kind]
        }
        guard parameters.elements == true else {
            return call.reply(HelperInterface.Sets.Reply(sets: kinds.map(info)))
        }
        guard enforcer.mode != .released else {
            throw VarlinkFailure(
                HelperInterface.Released(
                    message: "there is no table: it has been released; restart sentineld"))
        }
        let count = kinds.reduce(0) { $0 + info($1).count }
        guard call.wantsMore || count <= Self.mostInOneReply else {
            throw VarlinkFailure(
                "elements", "\(count) elements are too many for one reply; ask for more replies")
        }
        var reading = SetReading(kinds: kinds)
        do {
            try send(&reading, call)
        } catch {
            throw VarlinkFailure(kernel: error)
        }
    }

    /// How many elements or bans a caller gets who doesn't ask for more replies.
    static var mostInOneReply: Int { 10_000 }

    /// Sets up to this size are listed as they are, so that elements of somebody else's show as well. The kernel
    /// takes a time to list that grows with the square of the size; larger ones are read by the keys we know.
    static var mostToList: Int { 16_384 }

    private static var pageSize: Int { 2000 }

    /// How far a reading of sets has come.
    struct SetReading {
        var kinds: [SetKind]
        /// The keys that are still to be read of the first set; nil before it has been begun.
        var keys: ArraySlice<BanKey>?
        /// Collects for a caller who takes one reply only.
        var collected: [SetInfo] = []
    }

    /// Sends pages as long as the caller takes them, and goes on when it takes more.
    private func send(_ reading: inout SetReading, _ call: VarlinkCall) throws(NftablesError) {
        while let kind = reading.kinds.first {
            guard call.isOpen else { return }
            guard call.isWritable || !call.wantsMore else {
                let state = reading
                call.whenWritable(on: self) { helper in helper.goOn(state, call) }
                return
            }
            let page = try page(kind, &reading)
            let isLast = reading.kinds.isEmpty
            if !call.wantsMore {
                reading.collected.append(page)
            } else if isLast {
                return call.reply(HelperInterface.Sets.Reply(sets: [page]))
            } else {
                call.replyContinuing(HelperInterface.Sets.Reply(sets: [page]))
            }
        }
        call.reply(HelperInterface.Sets.Reply(sets: reading.collected))
    }

    private func goOn(_ state: SetReading, _ call: VarlinkCall) {
        var reading = state
        do {
            try send(&reading, call)
        } catch {
            call.fail(VarlinkFailure(kernel: error))
        }
    }

    private func page(_ kind: SetKind, _ reading: inout SetReading) throws(NftablesError) -> SetInfo {
        var set = info(kind)
        guard !kind.flags.contains(.interval) else {
            reading.kinds.removeFirst()
            set.elements = try listedRanges(kind)
            return set
        }
        if set.count <= Self.mostToList, reading.keys == nil {
            reading.kinds.removeFirst()
            set.elements = try enforcer.list(kind).map { listed($0, kind) }
            return set
        }
        var keys = reading.keys ?? book.keys(in: kind)[...]
        let now = keys.prefix(Self.pageSize)
        keys = keys.dropFirst(Self.pageSize)
        set.elements = try enforcer.read(now.map(\.elementKey), of: kind).map { listed($0, kind) }
        reading.keys = keys
        if keys.isEmpty {
            reading.kinds.removeFirst()
            reading.keys = nil
        }
        return set
    }

    private func listed(_ element: Element, _ kind: SetKind) -> SetElement {
        guard let key = BanKey(element.key, in: kind) else {
            return self.element(element, key: kind.text(element.key), ban: nil)
        }
        return self.element(
            element, key: key.text(ipv6Prefix: enforcer.layout.ipv6Prefix), ban: book[key]?.id)
    }

    /// An interval set's elements: pairs of beginning and end become a block, or a range where it is none.
    private func listedRanges(_ kind: SetKind) throws(NftablesError) -> [SetElement] {
        let ranges = IntervalReading(try enforcer.list(kind)).ranges
        return ranges.map { range in
            let ban = covers[kind]?.segment(holding: range.first).flatMap { book[$0.id]?.id }
            return element(range.element, key: range.text, ban: ban)
        }
    }
}
