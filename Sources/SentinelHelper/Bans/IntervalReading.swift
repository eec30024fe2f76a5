// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Nftables

/// The ranges of an interval set, put together from the beginnings and ends that the kernel lists in any order.
struct IntervalReading {
    struct Range {
        var first: IPAddress
        var last: IPAddress
        /// The element that the range begins with: what it says of itself.
        var element: Element

        /// A block in CIDR notation, or `first-last` where it is none.
        var text: String { IntervalReading.text(from: first, through: last) }
    }

    /// A block in CIDR notation, or `first-last` where it is none.
    static func text(from first: IPAddress, through last: IPAddress) -> String {
        let blocks = IPNetwork.blocks(from: first, through: last)
        return blocks.count == 1 ? blocks[0].description : "\(first)-\(last)"
    }

    private(set) var ranges: [Range] = []

    init(_ elements: [Element]) {
        let ordered = elements.compactMap { element in element.key.address.map { ($0, element) } }
            .sorted { a, b in
                // At the same address a range ends before the next begins.
                a.0 != b.0 ? a.0 < b.0 : a.1.isIntervalEnd && !b.1.isIntervalEnd
            }
        var begun: (first: IPAddress, element: Element)?
        func end(_ last: IPAddress) {
            guard let range = begun else { return }
            begun = nil
            // Two that begin at the same address are one.
            guard range.first <= last else { return }
            ranges.append(Range(first: range.first, last: last, element: range.element))
        }
        for (address, element) in ordered {
            // No set has both families, yet nothing here relies on that.
            if let first = begun?.first, first.family != address.family { end(Self.highest(first.family)) }
            if let before = address.predecessor { end(before) }
            if !element.isIntervalEnd { begun = (address, element) }
        }
        if let begun { end(Self.highest(begun.first.family)) }
    }

    /// A family's last address.
    private static func highest(_ family: IPAddress.Family) -> IPAddress {
        let zero: IPAddress = family == .ipv4 ? .v4(IPv4Address(bits: 0)) : .v6(IPv6Address(high: 0, low: 0))
        return IPNetwork(containing: zero, prefixLength: 0).last
    }
}
