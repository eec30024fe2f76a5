// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc
internal import Inet
internal import Nftables

/// What this kernel can do: tried out, never concluded from its version.
struct KernelFeatures: Hashable, Sendable {
    /// Tables can be owned by a socket. Kernel 5.12.
    var ownership = false
    /// Owned tables can outlive their socket. Kernel 6.9.
    var persistence = false
    /// An element that is added again takes the new timeout. Kernel 6.12.
    var timeoutUpdate = false
    /// Sockets can be destroyed. Kernel 4.5, if it is built so.
    var socketDestroy = false

    /// Everything that the helper has a use for.
    static let all = KernelFeatures(
        ownership: true, persistence: true, timeoutUpdate: true, socketDestroy: true)

    /// What both have.
    func intersection(_ other: KernelFeatures) -> KernelFeatures {
        KernelFeatures(
            ownership: ownership && other.ownership, persistence: persistence && other.persistence,
            timeoutUpdate: timeoutUpdate && other.timeoutUpdate,
            socketDestroy: socketDestroy && other.socketDestroy)
    }
}

extension KernelFeatures {
    /// Tries each feature on a table of its own, which nobody else sees and which is gone afterwards.
    ///
    /// - Throws: ``NftablesError`` where not even a plain table can be made.
    init(probing socket: borrowing NetlinkSocket) throws(NftablesError) {
        let name = "sentinel_probe_\(getpid())"
        try Self.makeAndDelete(Table(.inet, name), socket)
        ownership = Self.works { () throws(NftablesError) in
            try Self.makeAndDelete(Table(.inet, name, flags: .owner), socket)
        }
        persistence = Self.works { () throws(NftablesError) in
            try Self.makeAndDelete(Table(.inet, name, flags: [.owner, .persist]), socket)
        }
        timeoutUpdate = try Self.updatesTimeouts(Table(.inet, name, flags: ownership ? .owner : []), socket)
        socketDestroy = SocketDestroyer().isSupported
    }

    private static func works(_ body: () throws(NftablesError) -> Void) -> Bool {
        do throws(NftablesError) {
            try body()
            return true
        } catch {
            return false
        }
    }

    /// In one transaction, so that nothing comes about.
    private static func makeAndDelete(
        _ table: Table, _ socket: borrowing NetlinkSocket
    ) throws(NftablesError) {
        var transaction = Transaction()
        transaction.add(table)
        transaction.delete(table)
        try socket.commit(transaction.seal())
    }

    private static func updatesTimeouts(
        _ table: Table, _ socket: borrowing NetlinkSocket
    ) throws(NftablesError) -> Bool {
        let set = NamedSet(table, "probe", key: KeyType(.ipv4Address), flags: .timeout)
        let key = ElementKey(.v4(IPv4Address(192, 0, 2, 1)))
        var first = Transaction()
        first.add(table)
        first.add(set)
        first.add([Element(key, timeout: .seconds(100))], to: set)
        try socket.commit(first.seal())
        let after = Result { () throws(NftablesError) in
            var second = Transaction()
            second.add([Element(key, timeout: .seconds(9000), expiration: .seconds(9000))], to: set)
            try socket.commit(second.seal())
            return try socket.element(key, of: set)
        }
        var last = Transaction()
        last.delete(table)
        try socket.commit(last.seal())
        return try after.get()?.expiration.map { $0 > .seconds(1000) } ?? false
    }
}
