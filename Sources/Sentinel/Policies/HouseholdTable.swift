// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// What is known of a peer at an address.
struct Resident: Sendable {
    let peer: Fingerprint
    var connections: UInt32 = 0
    /// How many offences there were, none of them long after the one before.
    var offences: UInt8 = 0
    /// Whether it has been well-behaved for long enough, or of use, since its last offence.
    var hasProven = false
    /// When it came, with none of its connections open.
    var since = Int64.min
    var lastSeen: Int64
    var lastOffence = Int64.min

    /// How much it would be missed: connected ones, then well-behaved ones, then those that were seen last.
    fileprivate var worth: (Int, Int, Int64) { (connections > 0 ? 1 : 0, hasProven ? 1 : 0, lastSeen) }
}

/// The peers at an address.
struct Household: Sendable {
    let address: IPAddress
    var residents: [Resident] = []
    /// Until when the address counts as spared.
    var sparedUntil = Int64.min
    /// When the bucket of those that aren't known is full again.
    var newcomersFullAt = Int64.min
    /// When the bucket of denials that may be set aside is full again.
    var handshakesFullAt = Int64.min

    fileprivate var worth: (Int, Int64) {
        (residents.count { $0.connections > 0 }, residents.map(\.lastSeen).max() ?? .min)
    }

    /// Changes a resident; one that isn't there comes in, in the place of the least where there are too many.
    fileprivate mutating func change(
        _ peer: Fingerprint, now: MonotonicInstant, _ body: (inout Resident) -> Void
    ) {
        var resident = Resident(peer: peer, lastSeen: now.nanoseconds)
        let place = residents.firstIndex { $0.peer == peer }
        if let place { resident = residents[place] }
        resident.lastSeen = now.nanoseconds
        body(&resident)
        if let place {
            residents[place] = resident
        } else if residents.count < SharedAddresses.maximumResidents {
            residents.append(resident)
        } else if let least = residents.indices.min(by: { residents[$0].worth < residents[$1].worth }),
            residents[least].connections == 0
        {
            residents[least] = resident
        }
    }
}

/// Households by address, at most so many. A new one takes the place of the least of a few that are looked at in turn.
struct HouseholdTable: Sendable {
    private let capacity: Int
    private var places: [Fingerprint: Int] = [:]
    private var keys: [Fingerprint] = []
    private var households: [Household] = []
    /// Where to look next for one that can go.
    private var hand = 0

    /// How many are looked at.
    private static let candidates = 8

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    var count: Int { households.count }

    subscript(key: Fingerprint) -> Household? { places[key].map { households[$0] } }

    /// Changes one that is there.
    mutating func update<Result>(_ key: Fingerprint, _ body: (inout Household) -> Result) -> Result? {
        places[key].map { body(&households[$0]) }
    }

    /// Changes a resident of one, which is made where it isn't there.
    mutating func change(
        _ peer: Fingerprint, at address: IPAddress, _ key: Fingerprint, now: MonotonicInstant,
        _ body: (inout Resident) -> Void
    ) {
        households[place(of: key, address)].change(peer, now: now, body)
    }

    /// What `body` gives for the first household for which it gives something.
    func first<Result>(where body: (Household) -> Result?) -> Result? {
        for household in households {
            if let result = body(household) { return result }
        }
        return nil
    }

    private mutating func place(of key: Fingerprint, _ address: IPAddress) -> Int {
        if let place = places[key] { return place }
        guard households.count == capacity else {
            keys.append(key)
            households.append(Household(address: address))
            places[key] = households.count - 1
            return households.count - 1
        }
        let looked = (0..<min(Self.candidates, capacity)).map { (hand + $0) % capacity }
        hand = (hand + looked.count) % capacity
        let place = looked.min { households[$0].worth < households[$1].worth } ?? 0
        places[keys[place]] = nil
        keys[place] = key
        households[place] = Household(address: address)
        places[key] = place
        return place
    }

    /// Takes over what another table holds, as far as there is room.
    mutating func take(over other: HouseholdTable) {
        for (key, household) in zip(other.keys, other.households) {
            households[place(of: key, household.address)] = household
        }
    }
}
