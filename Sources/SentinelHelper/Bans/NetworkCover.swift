// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// What the kernel's interval sets are given for blocks that lie inside one another.
///
/// The kernel refuses intervals that overlap. Of two CIDR blocks that do, one holds the other, so the ones that
/// hold an address form a chain, and the address stays blocked until the last of them ends. This finds, for every
/// address, the block of the chain that ends last, and gathers neighbours with the same answer into a segment.
/// A block that ends before one around it needs no segment of its own, so nothing has to be recut when it ends.
struct NetworkCover<ID: Hashable & Sendable>: Sendable {
    /// A block and when it ends; nil: never.
    struct Block: Hashable, Sendable {
        var network: IPNetwork
        var deadline: Int64?
        var id: ID
    }

    /// Addresses next to each other that the same block decides.
    struct Segment: Hashable, Sendable {
        var first: IPAddress
        var last: IPAddress
        var deadline: Int64?
        var id: ID
    }

    /// In order of addresses, without overlaps.
    private(set) var segments: [Segment] = []

    /// - Parameter blocks: of one family, in any order. Of two for the same network the one that ends later counts.
    init(_ blocks: some Sequence<Block>) {
        let ordered = blocks.sorted { a, b in
            if a.network.first != b.network.first { return a.network.first < b.network.first }
            if a.network.prefixLength != b.network.prefixLength {
                return a.network.prefixLength < b.network.prefixLength
            }
            return Self.endsLater(a.deadline, b.deadline)
        }
        // The blocks around the present address that decide, each ending later than the one around it.
        var open: [Block] = []
        var cursor: IPAddress?
        func close(through limit: IPAddress?) {
            while let inner = open.last, limit.map({ inner.network.last < $0 }) ?? true {
                emit(from: cursor, through: inner.network.last, inner)
                open.removeLast()
                guard let next = inner.network.last.successor else {
                    // The family's last address: the blocks around this one end with it.
                    open.removeAll()
                    return
                }
                cursor = next
            }
        }
        func emit(from start: IPAddress?, through last: IPAddress, _ block: Block) {
            let first = max(start ?? block.network.first, block.network.first)
            guard first <= last else { return }
            if let previous = segments.last, previous.id == block.id, previous.last.successor == first {
                segments[segments.count - 1].last = last
            } else {
                segments.append(Segment(first: first, last: last, deadline: block.deadline, id: block.id))
            }
        }
        for block in ordered {
            close(through: block.network.first)
            if let around = open.last {
                guard Self.endsLater(block.deadline, around.deadline) else { continue }
                if block.network.first > (cursor ?? around.network.first),
                    let before = block.network.first.predecessor
                {
                    emit(from: cursor, through: before, around)
                }
            }
            cursor = block.network.first
            open.append(block)
        }
        close(through: nil)
    }

    /// Whether the first deadline comes after the second. Never is the latest.
    static func endsLater(_ a: Int64?, _ b: Int64?) -> Bool {
        guard let b else { return false }
        guard let a else { return true }
        return a > b
    }

    /// The segment that holds an address.
    func segment(holding address: IPAddress) -> Segment? {
        let place = segments.firstPlace { $0.last >= address }
        guard place < segments.count, segments[place].first <= address,
            segments[place].first.family == address.family
        else { return nil }
        return segments[place]
    }
}
