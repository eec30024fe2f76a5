// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Testing

@Suite struct CheckTests {
    @Test(arguments: Check.allCases)
    func `A check reads back from its name, and is in its own set only`(check: Check) {
        #expect(Check(check.description) == check)
        #expect(CheckSet.all.contains(check))
        let alone = CheckSet(rawValue: 1 << check.rawValue)
        #expect(Check.allCases.filter { alone.contains($0) } == [check])
    }

    @Test func `Denials at dial and accept live in the kernel, the others in user space`() {
        let kernel = Check.allCases.filter { $0.plane == .kernel }
        #expect(kernel == [.peerDial, .addressDial, .accept])
    }

    @Test func `Directions have libp2p's numbers`() {
        #expect(Direction.allCases.map(\.rawValue) == [0, 1, 2])
        #expect(Direction.allCases.map(\.description) == ["unknown", "inbound", "outbound"])
        #expect(Direction("inbound") == .inbound)
        #expect(Direction("Inbound") == nil)
    }

    @Test func `Planes and what becomes of streams read back from their names`() {
        #expect(Plane.allCases.map(\.description) == ["user-space", "kernel"])
        #expect(StreamAction.allCases.map(\.description) == ["end-connection", "refuse-stream"])
        #expect(Plane("kernel") == .kernel && Plane("Kernel") == nil)
        #expect(StreamAction("refuse-stream") == .refuseStream && StreamAction("refuse") == nil)
    }

    @Test func `No disconnect reason is zero`() {
        #expect(DisconnectReason.none.rawValue == 0)
        #expect(DisconnectReason(rawValue: 0x1002) == .rateLimited)
        #expect(DisconnectReason(rawValue: 0x2000).description == "0x2000")
    }

    @Test(arguments: ["git", "membership", "gossip", "interrogation", "/ipfs/bitswap/1.2.0"])
    func `A stream type reads back from its name`(text: String) {
        #expect(StreamType(text)?.description == text)
    }

    @Test(arguments: ["", "Git", "yamux", "/a b", "/a\u{0}", "/ä", "/" + String(repeating: "a", count: 255)])
    func `What is neither the RFC's nor a protocol id is no stream type`(text: String) {
        #expect(StreamType(text) == nil)
        #expect(throws: SentinelError.self) { try ProtocolID(parsing: text) }
    }

    @Test(arguments: ["flood", "a", "handshake-failed-2", String(repeating: "x", count: 48)])
    func `A reason reads back as itself`(text: String) {
        #expect(Reason(text)?.description == text)
    }

    @Test(arguments: [
        ("", SentinelError.Code.empty), (String(repeating: "x", count: 49), .tooLong), ("Flood", .malformed),
        ("a b", .malformed), ("a_b", .malformed), ("ä", .malformed), ("a\n", .malformed),
    ])
    func `What is no reason is refused`(text: String, code: SentinelError.Code) {
        #expect(Reason(text) == nil)
        #expect { try Reason(parsing: text) } throws: { ($0 as? SentinelError)?.code == code }
    }

    @Test func `The known reasons are valid codes`() {
        for reason in [Reason.denyListed, .notListed, .rate, .allowListed] {
            #expect(Reason(reason.description) == reason)
        }
    }
}

@Suite struct DenialTests {
    @Test(arguments: Check.allCases, Plane.allCases)
    func `A denial lives in the kernel only where check and policy both say so`(check: Check, plane: Plane) {
        let denial = Denial(at: check, by: "p", reason: .rate, plane: plane)
        #expect((denial.plane == .kernel) == (check.plane == .kernel && plane == .kernel))
    }

    @Test func `A denial that moves to a later check leaves the kernel`() {
        var denial = Denial(at: .accept, by: "p", reason: .rate)
        #expect(denial.plane == .kernel)
        denial.check = .secured
        #expect(denial.plane == .userSpace)
    }

    @Test func `A denied stream ends the connection unless told otherwise`() {
        #expect(Denial(at: .stream, by: "p", reason: .rate).streamAction == .endConnection)
        #expect(
            Denial(at: .stream, by: "p", reason: .rate, streamAction: .refuseStream).streamAction
                == .refuseStream)
    }

    @Test func `Evidence is cut at a whole character`() {
        let denial = Denial(at: .accept, by: "p", reason: .rate, detail: String(repeating: "ä", count: 150))
        #expect(denial.detail == String(repeating: "ä", count: 100))
        let family = Denial(
            at: .accept, by: "p", reason: .rate, detail: String(repeating: "a", count: 199) + "👨‍👩‍👧‍👦")
        #expect(family.detail == String(repeating: "a", count: 199))
    }

    @Test func `A denial explains itself in one line`() {
        let denial = Denial(at: .accept, by: "per-source", reason: .rate, detail: "50 in a second")
        #expect(denial.description == "accept denied by per-source, rate-limit: 50 in a second")
        #expect(Decision.deny(denial).denial == denial)
        #expect(!Decision.deny(denial).isAllowed)
        #expect(Decision.allow.isAllowed)
    }
}

@Suite struct RemotePeerTests {
    @Test(arguments: [
        ("/ip4/203.0.113.7/tcp/1", SourceProof.handshake), ("/ip6/fe80::1/tcp/1/ws", .handshake),
        ("/ip4/203.0.113.7/udp/1/quic-v1", .unproven), ("/unix/a", .unproven),
        ("/ip4/203.0.113.7/tcp/1/p2p/\(Peers.sha256)/p2p-circuit", .unproven),
    ])
    func `An accepted connection proves its source only where TCP has shaken hands`(
        text: String, proof: SourceProof
    ) throws {
        #expect(SourceProof.ofAccepted(from: try Multiaddr(parsing: text)) == proof)
    }

    @Test(arguments: [
        ("/ip4/203.0.113.7/tcp/1", "203.0.113.7"), ("/ip6/::ffff:203.0.113.7/tcp/1", "203.0.113.7"),
        ("/ip6zone/eth0/ip6/fe80::1/udp/1", "fe80::1"),
        ("/ip4/203.0.113.7/tcp/1/p2p/\(Peers.sha256)/p2p-circuit", nil), ("/dns/example.org", nil),
        ("/ip6zone/eth0", nil), ("/tcp/1", nil),
    ])
    func `A relay's address is never the peer's`(text: String, address: String?) throws {
        let remote = RemotePeer(
            address: try Multiaddr(parsing: text), direction: .inbound, source: .handshake)
        #expect(remote.ipAddress?.description == address)
    }

    @Test func `The RFC's question becomes the check that the direction calls for`() throws {
        let peer = try PeerID(parsing: Peers.ed25519)
        let address = try Multiaddr(parsing: "/ip4/203.0.113.7/tcp/1")
        #expect(Question(allowConnection: RemotePeer(dialling: peer)).check == .peerDial)
        #expect(Question(allowConnection: RemotePeer(dialling: peer, at: address)).check == .addressDial)
        let inbound = RemotePeer(id: peer, address: address, direction: .inbound, source: .handshake)
        #expect(Question(allowConnection: inbound).check == .accept)
        let unknown = RemotePeer(id: peer, address: address, direction: .unknown, source: .handshake)
        #expect(Question(allowConnection: unknown).check == .secured)
    }

    @Test func `An accept denial without proof of the source stays in user space`() {
        let address = IPAddress.v4(IPv4Address(203, 0, 113, 7))
        let unproven = Question(.accept, about: .inbound(address, source: .unproven))
        #expect(unproven.denial(by: "p", reason: .rate).plane == .userSpace)
        let proven = Question(.accept, about: .inbound(address))
        #expect(proven.denial(by: "p", reason: .rate).plane == .kernel)
    }
}

@Suite struct MonotonicInstantTests {
    @Test func `Instants and durations add up, and stop at the ends`() {
        let start = at(1000)
        #expect(start.advanced(by: .milliseconds(500)) == at(1500))
        #expect(start.duration(to: at(250)) == .milliseconds(-750))
        #expect(start.advanced(by: .seconds(Int64.max)) == .distantFuture)
        #expect(MonotonicInstant(nanoseconds: .min).duration(to: .distantFuture) == .nanoseconds(Int64.max))
        #expect(start < .distantFuture)
    }
}
