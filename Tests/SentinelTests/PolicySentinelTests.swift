// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Synchronization
import Testing

/// Says what it is told to say, and notes what it hears; all of its instances together.
private struct Scripted: Policy {
    struct Notes: Sendable {
        var asked = 0
        var observed: [Check] = []
        var denials: [Denial?] = []
        var events: [Event.Kind] = []
    }

    private final class Book: Sendable {
        let notes = Mutex(Notes())
    }

    let name: String
    private let answer: @Sendable (borrowing Question) -> Verdict
    private let reviewer: @Sendable (borrowing Denial) -> Review
    private let book = Book()

    init(
        _ name: String, _ answer: @escaping @Sendable (borrowing Question) -> Verdict = { _ in .pass },
        review: @escaping @Sendable (borrowing Denial) -> Review = { _ in .uphold }
    ) {
        self.name = name
        self.answer = answer
        reviewer = review
    }

    var notes: Notes { book.notes.withLock { $0 } }

    mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict {
        // Where the peer is another instance's, that one is asked as well.
        guard question.share.contains(.rest) else { return .pass }
        book.notes.withLock { $0.asked += 1 }
        return answer(question)
    }

    mutating func review(
        _ denial: borrowing Denial, of question: borrowing Question, now: MonotonicInstant
    ) -> Review { reviewer(denial) }

    mutating func observe(_ question: borrowing Question, denial: Denial?, now: MonotonicInstant) {
        guard question.share.contains(.rest) else { return }
        let check = question.check
        book.notes.withLock { notes in
            notes.observed.append(check)
            notes.denials.append(denial)
        }
    }

    mutating func observe(_ event: borrowing Event, now: MonotonicInstant) {
        guard event.share.contains(.rest) else { return }
        let kind = event.kind
        book.notes.withLock { $0.events.append(kind) }
    }
}

@Suite struct PolicySentinelTests {
    let address = IPAddress.v4(IPv4Address(203, 0, 113, 7))
    let peer: PeerID
    let addresses: ConnectionAddresses

    init() throws {
        peer = try PeerID(parsing: Peers.ed25519)
        addresses = ConnectionAddresses(
            local: nil, remote: try Multiaddr(parsing: "/ip4/203.0.113.7/tcp/4001"), source: .handshake)
    }

    private func sentinel(_ policies: any Policy...) throws -> PolicySentinel {
        try PolicySentinel(policies) { at(0) }
    }

    private func denier(_ name: String) -> Scripted {
        Scripted(name) { question in .deny(question.denial(by: name, reason: .denyListed)) }
    }

    private func scripted(_ name: String, in sentinel: PolicySentinel) throws -> Scripted.Notes {
        try #require(sentinel.withPolicy(name, as: Scripted.self) { policy, _ in policy.notes }.first)
    }

    @Test func `Without policies all is allowed`() throws {
        let sentinel = try sentinel()
        #expect(sentinel.interceptPeerDial(peer) == .allow)
        #expect(sentinel.interceptAccept(addresses) == .allow)
        #expect(sentinel.allowStream(.inbound(address), .git) == .allow)
    }

    @Test func `The first denial decides, and every policy still observes`() throws {
        let sentinel = try sentinel(Scripted("first"), denier("second"), denier("third"))
        let denial = try #require(sentinel.interceptAccept(addresses).denial)
        #expect(denial.policy == "second")
        #expect(try scripted("first", in: sentinel).asked == 1)
        #expect(try scripted("third", in: sentinel).asked == 0)
        for name in ["first", "second", "third"] {
            let policy = try scripted(name, in: sentinel)
            #expect(policy.observed == [.accept])
            #expect(policy.denials == [denial])
        }
    }

    @Test func `Who admits ends the asking, and every policy still observes`() throws {
        let sentinel = try sentinel(Scripted("first") { _ in .admit }, denier("second"))
        #expect(sentinel.interceptAccept(addresses) == .allow)
        #expect(try scripted("second", in: sentinel).asked == 0)
        #expect(try scripted("second", in: sentinel).denials == [nil])
    }

    @Test func `Each intercept asks at its own check`() throws {
        let sentinel = try sentinel(Scripted("all"))
        let remote = RemotePeer(id: peer, addresses: addresses, direction: .inbound)
        _ = sentinel.interceptPeerDial(peer)
        _ = sentinel.interceptAddressDial(peer, addresses.remote)
        _ = sentinel.interceptAccept(addresses)
        _ = sentinel.interceptSecured(.inbound, peer, addresses)
        _ = sentinel.interceptUpgraded(Connection(id: .init(rawValue: 1), remote: remote))
        _ = sentinel.allowStream(remote, .git)
        #expect(try scripted("all", in: sentinel).observed == Check.allCases)
    }

    @Test func `The RFC's allow_connection asks by direction`() throws {
        let sentinel = try sentinel(Scripted("all"))
        _ = sentinel.allowConnection(RemotePeer(dialling: peer))
        _ = sentinel.allowConnection(RemotePeer(dialling: peer, at: addresses.remote))
        _ = sentinel.allowConnection(.inbound(address, id: peer))
        #expect(try scripted("all", in: sentinel).observed == [.peerDial, .addressDial, .accept])
    }

    @Test func `A gater can return a disconnect reason when it rejects an upgraded connection`() throws {
        let rate = Scripted("rate") { question in
            .deny(question.denial(by: "rate", reason: .rate, disconnectReason: .rateLimited))
        }
        let connection = Connection(
            id: .init(rawValue: 1), remote: RemotePeer(id: peer, addresses: addresses, direction: .inbound))
        let rejected = try sentinel(rate).interceptUpgraded(connection)
        #expect(!rejected.decision.isAllowed)
        #expect(rejected.reason == .rateLimited)
        let allowed = try sentinel().interceptUpgraded(connection)
        #expect(allowed.decision.isAllowed)
        #expect(allowed.reason == .none)
    }

    @Test func `It is notified when a connection is established and when new streams are opened`() throws {
        let sentinel = try sentinel(Scripted("one"), Scripted("other"))
        let remote = RemotePeer.inbound(address, id: peer)
        let connection = Connection(id: .init(rawValue: 1), remote: remote)
        sentinel.connectionEstablished(remote)
        sentinel.streamOpened(remote, .gossip)
        sentinel.connected(connection)
        sentinel.disconnected(connection)
        for name in ["one", "other"] {
            let events: [Event.Kind] = [
                .connectionEstablished, .streamOpened(.gossip), .connectionEstablished, .connectionClosed,
            ]
            #expect(try scripted(name, in: sentinel).events == events)
        }
    }

    @Test func `A denied stream carries what becomes of it`() throws {
        let refuser = Scripted("streams") { question in
            guard question.stream == .git else { return .pass }
            return .deny(question.denial(by: "streams", reason: .rate, streamAction: .refuseStream))
        }
        let sentinel = try sentinel(refuser)
        let denial = try #require(sentinel.allowStream(.inbound(address), .git).denial)
        #expect(denial.streamAction == .refuseStream)
        #expect(denial.plane == .userSpace)
        #expect(sentinel.allowStream(.inbound(address), .gossip).isAllowed)
    }

    @Test func `Two policies of the same name are refused`() {
        #expect {
            try sentinel(Scripted("same"), Scripted("same"))
        } throws: { ($0 as? SentinelError)?.element == "policy same" }
    }

    @Test func `A policy can be changed while it is in use`() throws {
        let sentinel = try sentinel(AccessList(name: "deny", effect: .deny))
        #expect(sentinel.interceptAccept(addresses).isAllowed)
        let added = sentinel.withPolicy("deny", as: AccessList.self) { list, now in
            (try? list.insert(.address(address), reason: .denyListed, now: now)) != nil
        }
        #expect(added == [true])
        #expect(sentinel.interceptAccept(addresses).denial?.reason == .denyListed)
        #expect(sentinel.withPolicy("deny", as: SourceRate.self) { _, _ in true }.isEmpty)
        #expect(sentinel.withPolicy("other", as: AccessList.self) { _, _ in true }.isEmpty)
        #expect(sentinel.policyNames == ["deny"])
    }

    @Test func `Checks from many threads together never exceed the rate`() async throws {
        let rate = try SourceRate(
            name: "rate", limits: try .init(try TokenRate(1, per: .seconds(1), burst: 100)))
        let sentinel = try sentinel(AccessList(name: "deny", effect: .deny), rate)
        let allowed = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<500).count { _ in sentinel.interceptAccept(addresses).isAllowed }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(allowed == 100)
    }
}
