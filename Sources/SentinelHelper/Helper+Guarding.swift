// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Logging
internal import SentinelProtocol
internal import Varlink

extension Helper {
    /// Takes a node's list of protected addresses, and lifts what the node itself had denied there.
    func guardAddresses(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.submit, call.peer)
        let addresses = try Self.addresses(try call.parameters(of: HelperInterface.guardAddresses).addresses)
        call.charge(addresses.count)
        let (caller, connection) = (access.caller(call.peer), call.connectionID)
        if !protected.hasList(of: connection) {
            call.whenDisconnected(on: self) { helper in
                helper.protected.remove(connection)
                helper.updateExempt(.whenCheap)
            }
        }
        let added = protected.replace(connection, with: addresses, by: caller)
        defer { updateExempt(.whenCheap) }
        endDueBans()
        let records = enforcer.mode == .released ? [] : bans(of: caller, touching: added)
        if !records.isEmpty {
            do {
                try lift(records, by: caller)
            } catch {
                throw VarlinkFailure(kernel: error)
            }
            logger.notice(
                "lifted, for a protected peer is there",
                metadata: ["bans": "\(records.count)", "caller": "\(caller)"])
        }
        call.reply(HelperInterface.Guard.Reply(lifted: records.map(ban)))
    }

    static func addresses(_ texts: [String]) throws(VarlinkFailure) -> Swift.Set<IPAddress> {
        let limit = ProtectedAddresses.mostInOneList
        guard texts.count <= limit else {
            throw VarlinkFailure(
                "addresses",
                "there are \(texts.count); name the \(limit) that matter most, one list has no more")
        }
        var addresses: Swift.Set<IPAddress> = []
        for (index, text) in texts.enumerated() {
            guard let address = IPAddress(text) else {
                throw VarlinkFailure(
                    "addresses[\(index)]", "\(quoted(text)) is no address; write 203.0.113.7 or 2001:db8::7")
            }
            addresses.insert(address.canonical)
        }
        return addresses
    }

    /// A caller's denials in force that touch one of these addresses; an operator's bans are none.
    private func bans(of caller: String, touching addresses: Swift.Set<IPAddress>) -> [BanRecord] {
        guard !addresses.isEmpty else { return [] }
        let prefix = enforcer.layout.ipv6Prefix
        var keys = Swift.Set(addresses.map { BanKey(source: $0, ipv6Prefix: prefix) })
        for address in addresses
        where book.activeCount(in: SetKind(check: .network, family: address.family)) > 0 {
            for length in 0...address.family.bitWidth {
                keys.insert(BanKey(network: IPNetwork(containing: address, prefixLength: length)))
            }
        }
        for set in [SetKind.dial4, .dial6] where book.activeCount(in: set) > 0 {
            keys.formUnion(book.keys(in: set).filter { addresses.contains($0.address) })
        }
        return keys.compactMap { book[$0] }.filter { $0.caller == caller && !$0.isOperators }
    }
}
