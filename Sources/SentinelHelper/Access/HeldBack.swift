// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// Protected addresses that aren't exempt in the kernel as long as a ban is in force there: protecting an address undoes
/// no ban but what its own node had asked for.
struct HeldBack {
    private var bans: [IPAddress: BanKey] = [:]
    private var addresses: [BanKey: Set<IPAddress>] = [:]

    /// Whether an address is held back.
    func contains(_ address: IPAddress) -> Bool { bans[address] != nil }

    /// The bans that hold addresses back.
    var keys: some Collection<BanKey> { addresses.keys }

    /// Holds an address back for a ban.
    mutating func insert(_ address: IPAddress, for key: BanKey) {
        remove(address)
        bans[address] = key
        addresses[key, default: []].insert(address)
    }

    /// An address is no longer held back.
    mutating func remove(_ address: IPAddress) {
        guard let key = bans.removeValue(forKey: address) else { return }
        addresses[key]?.remove(address)
        if addresses[key]?.isEmpty == true { addresses[key] = nil }
    }

    /// The addresses that a ban which has ended held back: it does no more.
    mutating func release(_ key: BanKey) -> Set<IPAddress> {
        let released = addresses.removeValue(forKey: key) ?? []
        for address in released { bans[address] = nil }
        return released
    }
}
