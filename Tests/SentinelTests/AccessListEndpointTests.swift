// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Testing

/// Endpoints on lists, and lists that keep what is on them.
@Suite struct AccessListEndpointTests {
    let endpoint = Endpoint(address: numbered(7), transport: .tcp, port: 4001)
    let flood: Reason

    init() throws {
        flood = try Reason(parsing: "flood")
    }

    private func list(_ effect: AccessList.Effect = .deny, keepsEntries: Bool = false) -> AccessList {
        AccessList(name: "list", effect: effect, keepsEntries: keepsEntries)
    }

    private func dial(_ endpoint: Endpoint) -> RemotePeer {
        RemotePeer(dialling: nil, at: Multiaddr(endpoint))
    }

    @Test func `An endpoint is its address, transport and port, and nothing less`() throws {
        var list = list()
        try list.insert(.endpoint(endpoint), reason: flood, now: at(0))
        #expect(answer(&list, .addressDial, dial(endpoint)).denial?.reason == flood)
        for other in [
            Endpoint(address: numbered(7), transport: .tcp, port: 4002),
            Endpoint(address: numbered(7), transport: .udp, port: 4001),
            Endpoint(address: numbered(8), transport: .tcp, port: 4001),
        ] {
            #expect(passes(&list, .addressDial, dial(other)))
        }
        // Of a connection that came in, the port it came from.
        #expect(!passes(&list, .accept, .inbound(numbered(7))))
        #expect(list.entry(for: numbered(7), now: at(0)) == nil)
    }

    @Test func `An IPv4-mapped endpoint is the IPv4 one`() throws {
        var list = list()
        let mapped = Endpoint(address: try ip("::ffff:198.18.0.7"), transport: .tcp, port: 4001)
        try list.insert(.endpoint(mapped), reason: flood, now: at(0))
        #expect(!passes(&list, .addressDial, dial(endpoint)))
        #expect(list.entry(for: mapped, now: at(0)) != nil)
        #expect(list.remove(.endpoint(endpoint)) != nil)
        #expect(list.count == 0)
    }

    @Test func `An endpoint's own entry decides before its address's, which holds when that has ended`()
        throws
    {
        var list = list()
        try list.insert(.endpoint(endpoint), reason: flood, for: .seconds(1), now: at(0))
        try list.insert(.address(endpoint.address), reason: .denyListed, now: at(0))
        #expect(list.entry(for: endpoint, now: at(0))?.reason == flood)
        #expect(answer(&list, .addressDial, dial(endpoint)).denial?.reason == flood)
        #expect(answer(&list, .addressDial, dial(endpoint), nil, 2000).denial?.reason == .denyListed)
        #expect(list.removeExpired(now: at(2000)) == 1)
        #expect(list.entry(for: endpoint, now: at(2000))?.reason == .denyListed)
    }

    @Test func `A relay's endpoint isn't that of the peer behind it`() throws {
        var list = list()
        let relay = Endpoint(address: numbered(7), transport: .tcp, port: 1)
        try list.insert(.endpoint(relay), reason: flood, now: at(0))
        #expect(passes(&list, .accept, try .relayed(by: numbered(7))))
    }

    @Test func `A required list with endpoints waits until the address is known`() throws {
        var list = list(.require)
        try list.insert(.endpoint(endpoint), reason: .allowListed, now: at(0))
        #expect(passes(&list, .peerDial, RemotePeer(dialling: try peer(1))))
        #expect(passes(&list, .addressDial, dial(endpoint)))
        let other = Endpoint(address: numbered(7), transport: .tcp, port: 4002)
        #expect(answer(&list, .addressDial, dial(other)).denial?.reason == .notListed)
    }

    @Test func `Room that is made beforehand is for endpoints, too`() throws {
        var list = list()
        let subjects = (1...200).map {
            AccessList.Subject.endpoint(
                Endpoint(address: numbered($0 / 10), transport: .udp, port: UInt16($0)))
        }
        list.reserveCapacity(for: subjects)
        for subject in subjects { try list.insert(subject, reason: flood, now: at(0)) }
        #expect(list.count == 200)
        for case .endpoint(let endpoint) in subjects { #expect(!passes(&list, .addressDial, dial(endpoint))) }
    }

    // MARK: - Reloads

    /// One of each kind, for as long as is said.
    private func filled(_ keepsEntries: Bool, _ term: Duration? = nil) throws -> AccessList {
        var list = list(keepsEntries: keepsEntries)
        let subjects: [AccessList.Subject] = [
            .peer(try peer(1)), .address(numbered(1)), .address(try ip("2001:db8::1")),
            .network(try block("198.18.2.0/24")), .network(try block("2001:db8:1::/48")), .endpoint(endpoint),
        ]
        for subject in subjects { try list.insert(subject, reason: flood, for: term, now: at(0)) }
        return list
    }

    @Test func `A list that is to keeps what was on it besides its own, with reasons and terms`() throws {
        let old = try filled(true, .seconds(60))
        var new = list(keepsEntries: true)
        try new.insert(.address(numbered(9)), reason: .denyListed, now: at(0))
        try new.insert(.address(numbered(1)), reason: .notListed, now: at(0))
        new.adopt(old, now: at(30_000))
        #expect(new.count == 7)
        #expect(new.entry(for: numbered(9), now: at(0))?.reason == .denyListed)
        // Its own entry of a subject holds.
        #expect(new.entry(for: numbered(1), now: at(0)) == .init(reason: .notListed, expires: nil))
        #expect(new.entry(for: try peer(1), now: at(59_999))?.reason == flood)
        #expect(new.entry(for: try ip("2001:db8:1::9"), now: at(59_999))?.reason == flood)
        #expect(new.entry(for: endpoint, now: at(59_999))?.reason == flood)
        #expect(new.entry(for: endpoint, now: at(60_002)) == nil)
    }

    @Test func `A list that isn't to begins with its own only, and what has ended isn't kept`() throws {
        var plain = list()
        plain.adopt(try filled(true), now: at(0))
        #expect(plain.count == 0)
        var keeping = list(keepsEntries: true)
        keeping.adopt(try filled(false, .seconds(60)), now: at(60_002))
        #expect(keeping.count == 0)
        keeping.adopt(try filled(false), now: at(60_002))
        #expect(keeping.count == 6)
    }

    @Test func `What was added to a list in use stays through many reloads`() throws {
        let sentinel = try PolicySentinel([list(keepsEntries: true)], clock: { at(0) })
        for round in 0..<20 {
            sentinel.withPolicy("list", as: AccessList.self) { list, now in
                try? list.insert(.address(numbered(round)), reason: flood, now: now)
            }
            try sentinel.replacePolicies([list(keepsEntries: true)])
        }
        let counts = sentinel.withPolicy("list", as: AccessList.self) { list, _ in list.count }
        #expect(counts == [20])
        for number in 0..<25 {
            #expect(sentinel.allowConnection(.inbound(numbered(number))).isAllowed == (number >= 20))
        }
    }
}
