// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Testing

@testable import SentinelHelper

/// Who of the banned in shadow had connections that worked.
@Suite struct ShadowContactsTests {
    private func ban(_ id: UInt64, _ address: String = "192.0.2.1") throws -> BanRecord {
        BanRecord(
            key: BanKey(source: try #require(IPAddress(address)), ipv6Prefix: 64), id: id, deadline: nil,
            renewed: 0, created: 0, strikes: 1, reason: "rate", caller: "user:seed", isOperators: false)
    }

    private func seen(_ cookie: UInt64, received: Int64, sent: Int64, from address: String = "192.0.2.1")
        throws
        -> ShadowContacts.Sighting
    {
        .init(
            cookie: cookie, remote: try #require(IPAddress(address)),
            traffic: SocketTraffic(received: received, sent: sent))
    }

    /// A look that sees these sockets.
    private func look(
        _ contacts: inout ShadowContacts, nextID: UInt64 = 10, at now: Int64, isWhole: Bool = true,
        _ sightings: [(ShadowContacts.Sighting, [BanRecord])]
    ) {
        contacts.begin(nextID: nextID)
        for (sighting, bans) in sightings { contacts.note(sighting, bans, at: now) }
        contacts.end(isWhole: isWhole)
    }

    @Test func `What a connection has carried before it was seen isn't carried under the ban`() throws {
        var contacts = ShadowContacts()
        let ban = try ban(1)
        look(&contacts, at: 100, [(try seen(7, received: 5000, sent: 9000), [ban])])
        #expect(contacts.all.isEmpty)
        look(&contacts, at: 200, [(try seen(7, received: 5000, sent: 9000), [ban])])
        #expect(contacts.all.isEmpty)
        look(&contacts, at: 300, [(try seen(7, received: 5000, sent: 9010), [ban])])
        look(&contacts, at: 400, [(try seen(7, received: 5000, sent: 9010), [ban])])
        let contact = try #require(contacts.all.first)
        #expect(contact.connections == 1 && contact.received == 0 && contact.sent == 10)
        #expect(contact.first == 300 && contact.last == 300 && contacts.open(contact) == 1)
        look(&contacts, at: 500, [])
        #expect(contacts.open(try #require(contacts.all.first)) == 0)
    }

    @Test func `A connection that has begun since the last look counts from its beginning`() throws {
        var contacts = ShadowContacts()
        let (old, new) = (try ban(1), try ban(12, "192.0.2.2"))
        look(&contacts, nextID: 10, at: 100, [])
        look(
            &contacts, nextID: 13, at: 200,
            [
                (try seen(1, received: 5, sent: 6), [old]),
                // That ban wasn't there at the last look: its connection may be older than it.
                (try seen(2, received: 5, sent: 6, from: "192.0.2.2"), [new]),
            ])
        #expect(contacts.all.map(\.ban.id) == [1])
        #expect(contacts.all.map(\.received) == [5] && contacts.all.map(\.sent) == [6])
    }

    @Test func `After a look that saw not all of them none is taken for new`() throws {
        var contacts = ShadowContacts()
        let ban = try ban(1)
        look(&contacts, at: 100, isWhole: false, [])
        look(&contacts, at: 200, [(try seen(1, received: 5, sent: 6), [ban])])
        #expect(contacts.all.isEmpty)
        contacts.forgetConnections()
        look(&contacts, at: 300, [(try seen(2, received: 5, sent: 6), [ban])])
        #expect(contacts.all.isEmpty)
    }

    @Test func `One side alone is no conversation`() throws {
        var contacts = ShadowContacts()
        let ban = try ban(1)
        look(&contacts, at: 100, [])
        for step in 1...5 {
            look(
                &contacts, at: 100 + Int64(step),
                [
                    (try seen(1, received: Int64(step * 100), sent: 0), [ban]),
                    (try seen(2, received: 0, sent: Int64(step)), [ban]),
                    (try seen(3, received: 0, sent: 0), [ban]),
                ])
        }
        #expect(contacts.all.isEmpty)
        // Once it is answered, all of it was one.
        look(&contacts, at: 200, [(try seen(1, received: 500, sent: 1), [ban])])
        #expect(contacts.all.map(\.received) == [500] && contacts.all.map(\.connections) == [1])
    }

    @Test func `Each ban that covers a connection has it, and of a block some addresses are kept`() throws {
        var contacts = ShadowContacts()
        let (source, block) = (try ban(1), try ban(2, "192.0.2.0"))
        look(&contacts, at: 100, [])
        look(&contacts, at: 200, [(try seen(1, received: 1, sent: 1), [source, block])])
        for host in 2...9 {
            let sighting = try seen(UInt64(host), received: 1, sent: 1, from: "192.0.2.\(host)")
            look(&contacts, at: 200 + Int64(host), [(sighting, [block])])
        }
        #expect(contacts.all.map(\.ban.id) == [2, 1])
        #expect(contacts.all[0].connections == 9 && contacts.all[0].remotes.count == 4)
        contacts.keep { $0.id == 1 }
        #expect(contacts.all.map(\.ban.id) == [1])
    }

    @Test func `Of a UDP socket it is known that it is there`() throws {
        var contacts = ShadowContacts()
        let ban = try ban(1)
        let sighting = ShadowContacts.Sighting(
            cookie: 1, remote: try #require(IPAddress("192.0.2.1")), traffic: nil)
        for time in [100, 200, 300] { look(&contacts, at: Int64(time), [(sighting, [ban])]) }
        let contact = try #require(contacts.all.first)
        #expect(contact.udp == 1 && contact.connections == 0 && contact.first == 100 && contact.last == 300)
        #expect(contacts.open(contact) == 0)
    }

    @Test func `Connections and bans are bounded: those that had some last stay`() throws {
        var contacts = ShadowContacts(mostConnections: 100, mostContacts: 10)
        look(&contacts, nextID: 1000, at: 0, [])
        for round in 1...50 {
            let sightings = try (0..<5).map { place in
                let id = round * 5 + place
                return (try seen(UInt64(id), received: 1, sent: 1), [try ban(UInt64(id))])
            }
            look(&contacts, nextID: 1000, at: Int64(round), sightings)
        }
        #expect(contacts.all.count == 10)
        #expect(contacts.all.allSatisfy { $0.last >= 49 })
        #expect(contacts.overlooked == 0)
        let crowd = try (0..<150).map { (try seen(UInt64(5000 + $0), received: 1, sent: 1), [try ban(1)]) }
        look(&contacts, nextID: 1000, at: 100, crowd)
        #expect(contacts.overlooked == 55)
    }
}
