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
    /// Elements can be deleted whether they are there or not. Kernel 6.3.
    var elementDestroy = false
    /// Sets tell how many elements they hold. Kernel 6.16.
    var setCounts = false
    /// Other programs' sockets can be closed. A build option, and a module.
    var socketDestroy = false

    /// Everything that the helper has a use for.
    static let all = KernelFeatures(
        ownership: true, persistence: true, timeoutUpdate: true, elementDestroy: true, setCounts: true,
        socketDestroy: true)

    /// What both have.
    func intersection(_ other: KernelFeatures) -> KernelFeatures {
        KernelFeatures(
            ownership: ownership && other.ownership, persistence: persistence && other.persistence,
            timeoutUpdate: timeoutUpdate && other.timeoutUpdate,
            elementDestroy: elementDestroy && other.elementDestroy, setCounts: setCounts && other.setCounts,
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
        let table = Table(.inet, name, flags: ownership ? .owner : [])
        elementDestroy = Self.works { () throws(NftablesError) in
            try Self.makeAndDelete(table, socket) { transaction in
                transaction.add(Self.set(in: table))
                transaction.destroy([Element(Self.key)], in: Self.set(in: table))
            }
        }
        (timeoutUpdate, setCounts) = try Self.tryOnSet(in: table, socket)
        socketDestroy = SocketDestroyProbe.run()
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
        _ table: Table, _ socket: borrowing NetlinkSocket,
        with contents: (inout Transaction) -> Void = { _ in }
    ) throws(NftablesError) {
        var transaction = Transaction()
        transaction.add(table)
        contents(&transaction)
        transaction.delete(table)
        try socket.commit(transaction.seal())
    }

    private static func set(in table: Table) -> NamedSet {
        NamedSet(table, "probe", key: KeyType(.ipv4Address), flags: .timeout)
    }

    private static let key = ElementKey(.v4(IPv4Address(192, 0, 2, 1)))

    /// What shows only once a set is there.
    private static func tryOnSet(
        in table: Table, _ socket: borrowing NetlinkSocket
    ) throws(NftablesError) -> (timeoutUpdate: Bool, setCounts: Bool) {
        let set = set(in: table)
        var first = Transaction()
        first.add(table)
        first.add(set)
        first.add([Element(key, timeout: .seconds(100))], to: set)
        try socket.commit(first.seal())
        let after = Result { () throws(NftablesError) in
            var second = Transaction()
            second.add([Element(key, timeout: .seconds(9000), expiration: .seconds(9000))], to: set)
            try socket.commit(second.seal())
            return (try socket.element(key, of: set), try socket.set(set)?.count)
        }
        var last = Transaction()
        last.delete(table)
        try socket.commit(last.seal())
        let (element, count) = try after.get()
        return (element?.expiration.map { $0 > .seconds(1000) } ?? false, count == 1)
    }
}
