// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// Counts by blocks of addresses: of 24 bits for IPv4, of 48 for IPv6. A block that is wider counts as itself.
///
/// A million blocks take some 40 MB: they are kept as numbers.
struct PrefixTally: Sendable {
    private var v4: [UInt32: Int64] = [:]
    /// By the first 48 bits.
    private var v6: [UInt64: Int64] = [:]
    private var wider: [IPNetwork: Int64] = [:]

    static var length4: Int { 24 }
    static var length6: Int { 48 }

    /// Adds what is counted for an element's key: an address, a block, a range or an endpoint. Whether it is any of them.
    @discardableResult
    mutating func add(_ key: String, _ count: Int64 = 1) -> Bool {
        guard let network = Self.network(key) else { return false }
        switch network.first {
        case .v4(let address) where network.prefixLength >= Self.length4:
            v4[address.masked(to: Self.length4).bits, default: 0] += count
        case .v6(let address) where network.prefixLength >= Self.length6:
            v6[address.masked(to: Self.length6).high, default: 0] += count
        default: wider[network, default: 0] += count
        }
        return true
    }

    /// The blocks that hold most, most first, of the same number the lower address first.
    func top(_ most: Int) -> [ReportFigures.Prefix] {
        var best: [(network: IPNetwork, count: Int64)] = []
        func consider(_ count: Int64, _ network: @autoclosure () -> IPNetwork) {
            guard best.count < most || count >= best[best.count - 1].count else { return }
            let entry = (network: network(), count: count)
            let place = best.firstIndex { Self.comes(entry, before: $0) } ?? best.count
            best.insert(entry, at: place)
            if best.count > most { best.removeLast() }
        }
        guard most > 0 else { return [] }
        for (bits, count) in v4 {
            consider(
                count, IPNetwork(containing: .v4(IPv4Address(bits: bits)), prefixLength: Self.length4))
        }
        for (high, count) in v6 {
            consider(
                count, IPNetwork(containing: .v6(IPv6Address(high: high, low: 0)), prefixLength: Self.length6)
            )
        }
        for (network, count) in wider { consider(count, network) }
        return best.map { .init(network: $0.network.description, count: $0.count) }
    }

    private typealias Entry = (network: IPNetwork, count: Int64)

    private static func comes(_ one: Entry, before other: Entry) -> Bool {
        guard one.count == other.count else { return one.count > other.count }
        guard one.network.first == other.network.first else { return one.network.first < other.network.first }
        return one.network.prefixLength < other.network.prefixLength
    }

    /// The addresses of a key; of a range that is no block, the first.
    private static func network(_ key: String) -> IPNetwork? {
        IPNetwork(key) ?? Endpoint(key).map { IPNetwork($0.address) }
            ?? IPAddress(String(key.prefix { $0 != "-" })).map { IPNetwork($0) }
    }
}
