// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// From where somebody is logged in by SSH, as far as its connections show.
///
/// An exempt address escapes every ban, so anybody who could become exempt by a mere connection to the SSH port would
/// do so first. What shows that somebody has logged in is that the connection *lasts*: sshd closes each on which nobody
/// has within its LoginGraceTime. So a connection counts once it is older than that, by what was seen of it or by how
/// long it has been silent, which the kernel tells. Other signs don't do:
/// - who owns the socket: root, before and after the login;
/// - how much was sent: whoever likes may send as much before he logs in, by exchanging keys again and again;
/// - utmp and logind: a file that others write and a service to call, neither of which a helper needs otherwise, and
///   not every login is in there.
///
/// The price is that an operator is guarded only some minutes after he has logged in, and after a start of the helper
/// again. He loses nothing by that: no ban touches the SSH port, unless the node's ports have it.
struct OperatorSessions {
    /// One connection to an SSH port.
    struct Connection: Hashable, Sendable {
        /// The kernel's number of the socket, which no other socket has had or will have.
        var cookie: UInt64
        var remote: IPAddress
        /// How long nothing has come or gone, in milliseconds: it is at least that old.
        var silence: Int64
    }

    private struct Seen {
        var remote: IPAddress
        /// The latest moment at which it can have begun.
        var began: MonotonicMilliseconds
    }

    /// More connections than sshd lets wait for a login are nobody's but an attacker's: those seen first are remembered.
    static let mostConnections = 1024
    /// How many addresses are guarded at most: those of the oldest connections.
    static let mostAddresses = 64
    /// How long an address stays guarded when its last session has ended.
    static let linger: Int64 = 60_000

    private var seen: [UInt64: Seen] = [:]
    /// Guarded addresses, with when each ceases to be unless it is seen again.
    private var guarded: [IPAddress: MonotonicMilliseconds] = [:]

    /// Those that are guarded, in order.
    private(set) var addresses: [IPAddress] = []

    /// Takes in what connections there are.
    ///
    /// - Parameters:
    ///   - loginGrace: sshd's LoginGraceTime, in milliseconds.
    ///   - now: in milliseconds.
    /// - Returns: whether other addresses are guarded than before.
    mutating func update(
        _ connections: [Connection], loginGrace: Int64, at now: MonotonicMilliseconds
    ) -> Bool {
        var still: [UInt64: Seen] = [:]
        for connection in connections.sorted(by: { ($0.silence, $1.cookie) > ($1.silence, $0.cookie) }) {
            let before = seen[connection.cookie]
            guard before != nil || still.count < Self.mostConnections else { continue }
            let began = min(before?.began ?? now, now - connection.silence)
            still[connection.cookie] = Seen(remote: connection.remote, began: began)
        }
        seen = still
        guarded = guarded.filter { $0.value > now }
        let sessions = still.values.filter { now - $0.began > loginGrace }.sorted { $0.began < $1.began }
        for session in sessions where guarded[session.remote] != nil || guarded.count < Self.mostAddresses {
            guarded[session.remote] = now + Self.linger
        }
        let before = addresses
        addresses = guarded.keys.sorted()
        return addresses != before
    }
}
