// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel
internal import SentinelProtocol

/// The connections that are open, by the addresses that bans match; and the peers that are protected.
///
/// Bounded: where it is full, further connections aren't entered. Those of protected peers have room of their own.
struct OpenConnections: Sendable {
    private struct Entry {
        var connection: Connection
        /// nil where the kernel matches nothing of it: behind a relay, for example, whose address isn't the peer's.
        var address: IPAddress?
        var endpoint: Endpoint?
        /// Whether the node has been told to close it.
        var isReported = false
    }

    /// A connection that a ban covers.
    typealias Covered = (connection: Connection, ban: Ban)

    private let capacity: Int
    private let peerCapacity: Int
    private var entries: [Connection.ID: Entry] = [:]
    private var byAddress: [IPAddress: Set<Connection.ID>] = [:]
    private var byPeer: [PeerID: Set<Connection.ID>] = [:]
    private(set) var protectedPeers: Set<PeerID> = []
    /// The latest bans, by their ids, and when each was told of. A connection may be told of after the ban that came
    /// while it was secured.
    private var recent = RecencyTable<Int64, (ban: Ban, told: MonotonicInstant)>(capacity: 64)
    /// Whether the addresses of protected peers may be others than those that were taken last.
    private var hasChangedGuards = false

    init(capacity: Int, protectedPeers: Int) {
        self.capacity = max(1, capacity)
        peerCapacity = protectedPeers
    }

    var count: Int { entries.count }

    // MARK: Connections

    /// - Returns: whether it has a place here.
    mutating func enter(_ connection: Connection) -> Bool {
        let isProtected = isProtected(connection)
        guard entries[connection.id] == nil else { return true }
        guard entries.count < (isProtected ? 2 * capacity : capacity) else { return false }
        let match = connection.remote.address?.kernelMatch
        entries[connection.id] = Entry(
            connection: connection, address: match?.address, endpoint: match?.endpoint)
        if let address = match?.address { byAddress[address, default: []].insert(connection.id) }
        if let peer = connection.remote.id { byPeer[peer, default: []].insert(connection.id) }
        if isProtected { hasChangedGuards = true }
        return true
    }

    mutating func remove(_ connection: Connection) {
        guard let entry = entries.removeValue(forKey: connection.id) else { return }
        if let address = entry.address { byAddress.remove(connection.id, at: address) }
        if let peer = entry.connection.remote.id { byPeer.remove(connection.id, at: peer) }
        if isProtected(entry.connection) { hasChangedGuards = true }
    }

    private func isProtected(_ connection: Connection) -> Bool {
        connection.remote.id.map { protectedPeers.contains($0) } ?? false
    }

    // MARK: Protected peers

    /// - Returns: whether there was room for it.
    mutating func protect(_ peer: PeerID) -> Bool {
        guard !protectedPeers.contains(peer) else { return true }
        guard protectedPeers.count < peerCapacity else { return false }
        protectedPeers.insert(peer)
        hasChangedGuards = true
        return true
    }

    mutating func unprotect(_ peer: PeerID) {
        if protectedPeers.remove(peer) != nil { hasChangedGuards = true }
    }

    /// Notes that an address of a peer's has become known.
    ///
    /// - Returns: whether the peer is protected.
    mutating func learned(of peer: PeerID) -> Bool {
        guard protectedPeers.contains(peer) else { return false }
        hasChangedGuards = true
        return true
    }

    /// The addresses where protected peers are connected; nil where they are those that were taken last.
    mutating func takeGuards(isFirst: Bool) -> Set<IPAddress>? {
        guard isFirst || hasChangedGuards else { return nil }
        hasChangedGuards = false
        var addresses: Set<IPAddress> = []
        for peer in protectedPeers {
            for id in byPeer[peer] ?? [] {
                if let address = entries[id]?.address { addresses.insert(address) }
            }
        }
        return addresses
    }

    // MARK: Bans

    /// How long a connection may be secured after the ban has come. From then on the kernel lets none of its packets
    /// pass; who gets through later is let through, as is who has been exempted.
    private static var securing: Duration { .seconds(10) }

    /// Notes which bans are in force since a moment ago, and which are no longer.
    mutating func note(banned: [Ban], ended: [Ban], at now: MonotonicInstant) {
        for ban in banned { _ = recent.insert(ban.id, (ban, now)) }
        for ban in ended { _ = recent.remove(ban.id) }
    }

    /// Forgets which bans came a moment ago: whether they have ended since isn't known.
    mutating func forgetRecent() {
        recent = RecencyTable(capacity: recent.capacity)
    }

    /// A ban that came a moment ago and covers a connection that was entered just now.
    mutating func takeCovered(_ connection: Connection, at now: MonotonicInstant) -> Covered? {
        guard recent.count > 0, let address = entries[connection.id]?.address else { return nil }
        let bans = recent.values.filter { now < $0.told.advanced(by: Self.securing) }.map(\.ban).filter {
            ban in
            switch ban.check {
            case .dial: Endpoint(ban.key)?.address == address
            case .accept, .network: IPNetwork(ban.key)?.contains(address) ?? false
            }
        }
        for ban in bans {
            guard let entry = entries[connection.id], isCovered(entry, by: ban) else { continue }
            entries[connection.id]?.isReported = true
            return (connection, ban)
        }
        return nil
    }

    /// The connections that bans cover and that weren't taken before, without those of protected peers. An accept
    /// ban covers those that came in from its addresses, a dial ban those that went out to its endpoint, a network
    /// ban both.
    mutating func takeCovered(by bans: [Ban]) -> [Covered] {
        guard !entries.isEmpty else { return [] }
        var covered: [Covered] = []
        // Blocks by how many bits they match, so that an address is looked up once for all of one length.
        var blocks: [Int: [IPNetwork: [Ban]]] = [:]
        for ban in bans {
            switch ban.check {
            case .dial:
                guard let endpoint = Endpoint(ban.key) else { continue }
                covered += take(at: endpoint.address, ban)
            case .accept, .network:
                guard let network = IPNetwork(ban.key) else { continue }
                if network.isSingleAddress {
                    covered += take(at: network.first, ban)
                } else {
                    blocks[network.prefixLength, default: [:]][network, default: []].append(ban)
                }
            }
        }
        for (length, found) in blocks {
            for address in Array(byAddress.keys) where length <= address.family.bitWidth {
                let block = IPNetwork(containing: address, prefixLength: length)
                for ban in found[block] ?? [] { covered += take(at: address, ban) }
            }
        }
        return covered
    }

    private mutating func take(at address: IPAddress, _ ban: Ban) -> [Covered] {
        var covered: [Covered] = []
        for id in byAddress[address] ?? [] {
            guard let entry = entries[id], isCovered(entry, by: ban) else { continue }
            entries[id]?.isReported = true
            covered.append((entry.connection, ban))
        }
        return covered
    }

    /// Whether a ban at a connection's address is for it, and it is still to be reported.
    private func isCovered(_ entry: Entry, by ban: Ban) -> Bool {
        guard !entry.isReported, !isProtected(entry.connection) else { return false }
        // A direction that isn't known may be either.
        return switch ban.check {
        case .accept: entry.connection.remote.direction != .outbound
        case .dial:
            entry.connection.remote.direction != .inbound
                && entry.endpoint.map { Endpoint(ban.key) == $0 } ?? false
        case .network: true
        }
    }
}

extension Dictionary where Value == Set<Connection.ID> {
    fileprivate mutating func remove(_ id: Connection.ID, at key: Key) {
        self[key]?.remove(id)
        if self[key]?.isEmpty == true { self[key] = nil }
    }
}
