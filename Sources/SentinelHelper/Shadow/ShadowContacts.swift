// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// Who of the banned in shadow had connections with the node meanwhile: what one look after another at the node's
/// sockets tells.
///
/// A TCP connection counts once both its sides have sent something and something has gone through under the ban: that a
/// handshake came about, or that somebody sends what the node doesn't answer, shows nothing. Bounded: connections that
/// are too many aren't looked at, and of bans those are kept that had connections last.
struct ShadowContacts {
    /// A socket of the node's whose peer a ban in shadow covers.
    struct Sighting {
        /// The kernel's number of it.
        var cookie: UInt64
        var remote: IPAddress
        /// What the connection has carried since it began; nil where the kernel doesn't tell, as of UDP.
        var traffic: SocketTraffic?
    }

    /// A ban to whose subject there were connections.
    struct Contact {
        var ban: BanRecord
        /// Some of the addresses.
        var remotes: [IPAddress] = []
        /// In milliseconds of the wall clock since 1970.
        var first: Int64
        var last: Int64
        /// TCP connections that worked.
        var connections = 0
        var received: Int64 = 0
        var sent: Int64 = 0
        /// Connected UDP sockets.
        var udp = 0
        fileprivate var openAtLook: UInt32 = 0
        fileprivate var openCount = 0
    }

    private struct Connection {
        var traffic: SocketTraffic
        /// What has gone through under the ban before it counted.
        var uncounted = SocketTraffic(received: 0, sent: 0)
        var counts = false
        var look: UInt32
    }

    private let mostConnections: Int
    private let mostContacts: Int
    private var connections: [UInt64: Connection] = [:]
    private var found: [UInt64: Contact] = [:]
    private var look: UInt32 = 0
    /// Bans with lower ids were in force at the last look: a connection of theirs that wasn't seen then is new.
    private var seenBefore: UInt64 = 0
    private var nextID: UInt64 = 0
    /// How many connections were too many at the last look.
    private(set) var overlooked = 0
    private var overlookedNow = 0

    init(mostConnections: Int = 32_768, mostContacts: Int = 4_096) {
        self.mostConnections = mostConnections
        self.mostContacts = mostContacts
    }

    // MARK: Looking

    /// Begins a look.
    ///
    /// - Parameter nextID: the least id that no ban has had.
    mutating func begin(nextID: UInt64) {
        look &+= 1
        overlookedNow = 0
        self.nextID = nextID
    }

    /// Takes in a socket of this look.
    ///
    /// - Parameters:
    ///   - bans: those that cover it.
    ///   - now: in milliseconds of the wall clock since 1970.
    mutating func note(_ sighting: Sighting, _ bans: [BanRecord], at now: Int64) {
        let known = connections[sighting.cookie]
        guard known != nil || connections.count < mostConnections else {
            overlookedNow += 1
            return
        }
        guard let traffic = sighting.traffic else {
            connections[sighting.cookie] = Connection(
                traffic: SocketTraffic(received: 0, sent: 0), look: look)
            for ban in bans {
                contact(ban, sighting.remote, at: now) { if known == nil { $0.udp += 1 } }
            }
            return
        }
        let isNew = known == nil && bans.contains { $0.id < seenBefore }
        var connection =
            known ?? Connection(traffic: isNew ? SocketTraffic(received: 0, sent: 0) : traffic, look: look)
        // Counters of the kernel's that only grow; a socket can't be another, its number is given once.
        let received = max(0, traffic.received - connection.traffic.received)
        let sent = max(0, traffic.sent - connection.traffic.sent)
        connection.traffic = traffic
        connection.look = look
        connection.uncounted.received += received
        connection.uncounted.sent += sent
        let hasMoved = connection.uncounted.received > 0 || connection.uncounted.sent > 0
        let wasCounted = connection.counts
        connection.counts = wasCounted || hasMoved && traffic.received > 0 && traffic.sent > 0
        if connection.counts {
            let (moved, look) = (connection.uncounted, look)
            connection.uncounted = SocketTraffic(received: 0, sent: 0)
            for ban in bans {
                contact(ban, sighting.remote, at: hasMoved ? now : nil) { contact in
                    contact.connections += wasCounted ? 0 : 1
                    contact.received += moved.received
                    contact.sent += moved.sent
                    contact.countOpen(at: look)
                }
            }
        }
        connections[sighting.cookie] = connection
    }

    private mutating func contact(
        _ ban: BanRecord, _ remote: IPAddress, at now: Int64?, _ change: (inout Contact) -> Void
    ) {
        // More than there is room for go when the look ends.
        guard found[ban.id] != nil || found.count < 2 * mostContacts else { return }
        guard var contact = found[ban.id] ?? now.map({ Contact(ban: ban, first: $0, last: $0) }) else {
            return
        }
        contact.ban = ban
        if let now { contact.last = max(contact.last, now) }
        if contact.remotes.count < Self.mostRemotes, !contact.remotes.contains(remote) {
            contact.remotes.append(remote)
        }
        change(&contact)
        found[ban.id] = contact
    }

    private static var mostRemotes: Int { 4 }

    /// Ends a look.
    ///
    /// - Parameter isWhole: whether all sockets were seen. Else what wasn't seen isn't known to be gone, or new.
    mutating func end(isWhole: Bool) {
        if isWhole { connections = connections.filter { $0.value.look == look } }
        overlooked = overlookedNow
        seenBefore = isWhole && overlooked == 0 ? nextID : 0
        guard found.count > mostContacts else { return }
        let kept = found.sorted { $0.value.last > $1.value.last }.prefix(mostContacts)
        found = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
    }

    /// Forgets the connections: which sockets are looked at has changed.
    mutating func forgetConnections() {
        connections = [:]
        seenBefore = 0
    }

    /// Forgets whom bans of other checks than these covered.
    mutating func keep(where isKept: (BanRecord) -> Bool) {
        found = found.filter { isKept($0.value.ban) }
    }

    // MARK: Telling

    /// Those that had connections, the ones that had some last first.
    var all: [Contact] { found.values.sorted { ($0.last, $0.ban.id) > ($1.last, $1.ban.id) } }

    /// How many connections that worked were there at the last look.
    func open(_ contact: Contact) -> Int { contact.openAtLook == look ? contact.openCount : 0 }
}

extension ShadowContacts.Contact {
    fileprivate mutating func countOpen(at look: UInt32) {
        openCount = openAtLook == look ? openCount + 1 : 1
        openAtLook = look
    }
}
