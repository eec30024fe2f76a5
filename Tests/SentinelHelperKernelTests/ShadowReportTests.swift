// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import NamespaceSupport
import SentinelConfiguration
import SentinelProtocol
import Testing
import Varlink

@testable import SentinelHelper

/// What the helper tells of bans in shadow: what they would have refused, and who had working connections meanwhile.
@Suite(.timeLimit(.minutes(1))) struct ShadowReportTests {
    private static let port = ShadowTests.port

    private func ask(
        _ helper: RunningHelper, filter: Filter? = nil, top: Int? = nil
    ) async throws -> HelperInterface.Shadow.Reply {
        try await helper.client.call(HelperInterface.shadow, .init(filter: filter, top: top))
    }

    private func listen(_ namespace: NetworkNamespace, at address: String, port: UInt16 = port) async throws
        -> TestSocket
    {
        try await namespace.run {
            let listener = try TestSocket(.tcp, at: Link.address(address), port: port)
            try listener.listen()
            return listener
        }
    }

    /// Both ends say something. A failure ends the test: it is done again and again.
    private func talk(_ pair: CuttingTests.Pair) throws {
        try #require(pair.far.send("question") == .ok)
        try #require(pair.near.receive() == "question")
        try #require(pair.near.send("answer") == .ok)
        try #require(pair.far.receive() == "answer")
    }

    private func denial(_ check: SentinelProtocol.Check, _ subject: String, peer: String? = nil) -> Denial {
        Denial(check: check, subject: subject, peer: peer, reason: "rate", validated: true)
    }

    @Test func `Nothing in shadow, nothing to report`() async throws {
        try await withHelper { helper async throws in
            #expect(try await helper.submit(.accept, "192.0.2.1").enforced)
            let report = try await ask(helper)
            #expect(report.checks.isEmpty && report.sets.isEmpty && report.bans == 0 && report.since == nil)
        }
    }

    /// Has the peer's namespace answer nothing that comes to an address: what it begins stays half open.
    private func silence(_ address: String, _ link: Link) async throws {
        try await link.peer.command(
            "nft",
            "add table inet t; add chain inet t in { type filter hook input priority 0; }; "
                + "add rule inet t in ip daddr \(address) drop")
    }

    @Test func `Who works is told of with address and peer; who floods, or is silent, isn't`() async throws {
        let link = try await Link()
        for address in ["10.9.0.4", "10.9.0.5"] {
            try await link.peer.command("ip", "address", "add", address + "/24", "dev", "veth0")
        }
        let listener = try await listen(link.node, at: "::")
        try await withHelper(ShadowTests.configuration(.accept), in: link.node) { helper async throws in
            let (honest, flooding, silent, mute) = (Link.peers4[0], Link.peers4[1], "10.9.0.4", "10.9.0.5")
            let old = try await ShadowTests().pair(link, from: honest, listener)
            old.expectToWork()
            let receipts = try await helper.submit([
                denial(.accept, honest, peer: "12D3KooWHonest"), denial(.accept, flooding),
                denial(.accept, silent), denial(.accept, mute),
            ])
            #expect(receipts.allSatisfy { $0.shadowed == true })
            // One that is there and says nothing, one that the node says nothing to, and one that only begins.
            let quiet = try await ShadowTests().pair(link, from: silent, listener)
            let oneSided = try await ShadowTests().pair(link, from: mute, listener)
            #expect(oneSided.far.send("x") == .ok)
            try await silence(flooding, link)
            #expect(try await link.connect(from: flooding, to: Link.node4, port: Self.port) == .timedOut)

            let first = try await until { () -> ShadowContact? in
                try talk(old)
                return try await ask(helper).contacts.first
            }
            // Another look has seen everyone again.
            let report = try await until { () -> HelperInterface.Shadow.Reply? in
                try talk(old)
                let report = try await ask(helper)
                return report.contacts.first.map { $0.last > first.last && $0.received > first.received }
                    == true
                    ? report : nil
            }
            let contact = try #require(report.contacts.first)
            #expect(report.contacts.count == 1)
            #expect(contact.ban.subject == honest && contact.ban.peer == "12D3KooWHonest")
            #expect(contact.ban.id == receipts[0].id && contact.ban.reason == "rate")
            #expect(contact.remotes == [honest] && contact.inForce)
            #expect(contact.connections == 1 && contact.open == 1 && contact.udp == 0)
            #expect(contact.sent > 0)
            #expect(
                report.bans == 4 && report.seen == 4 && report.checks == [.accept] && report.overlooked == 0)
            _ = (quiet, oneSided)

            // When the ban has ended it is still known who it covered.
            #expect(try await helper.lift(Filter(subject: honest)).count == 1)
            let later = try await ask(helper)
            #expect(later.contacts.map(\.inForce) == [false])
            #expect(later.bans == 3 && later.seen == 4)
            #expect(try await ask(helper, filter: Filter(peer: "nobody")).contacts.isEmpty)
        }
    }

    @Test func `A connection that begins and ends under the ban is seen whole, by either family`()
        async throws
    {
        let link = try await Link()
        let listener = try await listen(link.node, at: "::")
        try await withHelper(ShadowTests.configuration(.all), in: link.node) { helper async throws in
            let receipts = try await helper.submit([
                denial(.accept, Link.peers6[0]), denial(.accept, Link.peers4[0]),
            ])
            #expect(receipts.allSatisfy { $0.shadowed == true })
            // Once a contact shows, a look has gone by that didn't see the next connection.
            let other = try await ShadowTests().pair(link, from: Link.peers4[0], listener)
            try await until {
                try talk(other)
                return try await ask(helper).contacts.count == 1
            }
            let pair = try await ShadowTests().pair(link, from: Link.peers6[1], listener)
            try talk(pair)
            let contact = try await until {
                try await ask(helper).contacts.first { $0.ban.check == .accept && $0.ban.set == "accept6" }
            }
            #expect(contact.ban.key == "2001:db8:9:1::/64" && contact.remotes == [Link.peers6[1]])
            #expect(contact.received == 8 && contact.sent == 6 && contact.connections == 1)
            try talk(pair)
        }
    }

    @Test func `Dialled connections and blocks count, and UDP sockets as far as they are known`() async throws
    {
        let link = try await Link()
        let far = try await listen(link.peer, at: Link.peers4[0], port: 4001)
        try await withHelper(ShadowTests.configuration(.dial, .network), in: link.node) {
            helper async throws in
            #expect(try await helper.submit(.dial, "tcp:\(Link.peers4[0]):4001").shadowed == true)
            #expect(try await helper.ban(.network, Link.peers4[1] + "/32").shadowed == true)
            let (near, udp) = try await link.node.run(asUser: ShadowTests.nodeUser) {
                let near = try TestSocket(.tcp, at: Link.address(Link.node4), patience: .seconds(5))
                #expect(near.connect(to: Link.address(Link.peers4[0]), port: 4001) == .ok)
                let udp = try TestSocket(.udp, at: Link.address(Link.node4))
                #expect(udp.connect(to: Link.address(Link.peers4[1]), port: 4001) == .ok)
                return (near, udp)
            }
            let pair = CuttingTests.Pair(near: near, far: try #require(far.accept()))
            let contacts = try await until { () -> [ShadowContact]? in
                try talk(pair)
                let contacts = try await ask(helper).contacts
                return contacts.count == 2 ? contacts : nil
            }
            let dialled = try #require(contacts.first { $0.ban.check == .dial })
            #expect(
                dialled.connections == 1 && dialled.udp == 0
                    && dialled.ban.key == "tcp:\(Link.peers4[0]):4001")
            let block = try #require(contacts.first { $0.ban.check == .network })
            #expect(block.connections == 0 && block.udp == 1 && block.received == 0)
            _ = udp
            // The node sends there, whoever does else doesn't count.
            let report = try await ask(helper)
            #expect(report.sources.map(\.ban.check) == [.dial])
        }
    }

    @Test func `What would have been refused is told by set, by reason and by who it is`() async throws {
        let link = try await Link()
        let more = (4...7).map { "10.9.0.\($0)" }
        for address in more {
            try await link.peer.command("ip", "address", "add", address + "/24", "dev", "veth0")
        }
        // Where nobody takes what comes, the sender is told.
        let node = try await link.node.run { try TestSocket(.udp, at: Link.address("::"), port: Self.port) }
        try await withHelper(ShadowTests.configuration(.accept, .network), in: link.node) {
            helper async throws in
            let others = (0..<3000).map { denial(.accept, "203.0.\($0 >> 8).\($0 & 0xFF)") }
            #expect(try await helper.submit(others).allSatisfy { $0.shadowed == true })
            for (index, address) in more.enumerated() {
                let denial = Denial(
                    check: .accept, subject: address, reason: index < 2 ? "rate" : "spam", validated: true)
                #expect(try await helper.submit([denial])[0].shadowed == true)
            }
            #expect(try await helper.ban(.network, Link.peers4[0] + "/32").shadowed == true)
            try await link.peer.run {
                for (index, address) in (more + [Link.peers4[0]]).enumerated() {
                    let socket = try TestSocket(.udp, at: Link.address(address))
                    #expect(socket.connect(to: Link.address(Link.node4), port: Self.port) == .ok)
                    for _ in 0...index { #expect(socket.send("x") == .ok) }
                }
            }
            let report = try await ask(helper)
            #expect(report.sets.map(\.name) == ["accept4", "accept6", "net4", "net6"])
            #expect(report.sets.map(\.packets) == [10, 0, 5, 0])
            let reasons = report.reasons.map {
                "\($0.check) \($0.reason) \($0.bans) \($0.matched) \($0.packets)"
            }
            #expect(reasons == ["accept spam 2 2 7", "network operator 1 1 5", "accept rate 3002 2 3"])
            #expect(
                report.sources.map(\.ban.subject)
                    == [Link.peers4[0] + "/32", more[3], more[2], more[1], more[0]])
            #expect(report.sources.map(\.packets) == [5, 4, 3, 2, 1])
            #expect(report.bans == 3005)
            let spam = try await ask(helper, filter: Filter(reason: "spam"), top: 1)
            #expect(spam.reasons.map(\.reason) == ["spam"])
            #expect(spam.sources.map(\.ban.subject) == [more[3]])
            await #expect(throws: VarlinkError.self) { try await ask(helper, top: 0) }
            #expect(node.receive() == "x")
        }
    }
}
