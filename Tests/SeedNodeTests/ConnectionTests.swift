// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import Testing

@testable import SeedNode

/// Two connections that talk to each other, without a network.
private struct Pair {
    var dialer: PeerConnection
    var listener: PeerConnection
    let dialerGate: RecordingSentinel
    let listenerGate: RecordingSentinel
    let dialerIdentity = NodeIdentity()
    let listenerIdentity = NodeIdentity()

    init(
        _ transport: TransportProtocol = .tcp, dialerGate: RecordingSentinel = RecordingSentinel(),
        listenerGate: RecordingSentinel = RecordingSentinel()
    ) {
        let near = Endpoint(address: .v4(IPv4Address(192, 0, 2, 1)), transport: transport, port: 50_000)
        let far = Endpoint(address: .v4(IPv4Address(192, 0, 2, 2)), transport: transport, port: 8776)
        self.dialerGate = dialerGate
        self.listenerGate = listenerGate
        dialer = PeerConnection(
            dialing: Self.info(.outbound, near, far), over: transport, peer: listenerIdentity.peer,
            as: dialerIdentity, gate: dialerGate.gate)
        listener = PeerConnection(
            accepting: Self.info(.inbound, far, near), over: transport, as: listenerIdentity,
            gate: listenerGate.gate)
    }

    private static func info(_ direction: Direction, _ local: Endpoint, _ remote: Endpoint) -> Connection {
        let addresses = ConnectionAddresses(
            local: Multiaddr(local), remote: Multiaddr(remote), source: .handshake)
        return Connection(
            id: Connection.ID(rawValue: 1), remote: RemotePeer(addresses: addresses, direction: direction))
    }

    /// Carries messages to and fro until there are none left, and returns what else was to be done.
    mutating func carry(toListener messages: [[UInt8]]) -> (
        dialer: [PeerConnection.Action], listener: [PeerConnection.Action]
    ) {
        var toListener = messages
        var seen: (dialer: [PeerConnection.Action], listener: [PeerConnection.Action]) = ([], [])
        while !toListener.isEmpty {
            let atListener = listener.receive(toListener.removeFirst())
            seen.listener += atListener.filter { $0.message == nil }
            for message in atListener.compactMap(\.message) {
                let atDialer = dialer.receive(message)
                seen.dialer += atDialer.filter { $0.message == nil }
                toListener += atDialer.compactMap(\.message)
            }
        }
        return seen
    }

    /// Opens a stream from the dialer's side; what it sends is still to be carried.
    mutating func open(_ type: StreamType) throws -> (StreamID, [[UInt8]]) {
        let opened = dialer.open(type)
        let (stream, actions) = try #require(opened)
        return (stream, actions.compactMap(\.message))
    }

    mutating func shakeHands() -> (dialer: [PeerConnection.Action], listener: [PeerConnection.Action]) {
        carry(toListener: [dialer.unanswered ?? []])
    }
}

extension PeerConnection.Action {
    fileprivate var message: [UInt8]? {
        if case .send(let message) = self { message } else { nil }
    }
}

@Suite struct ConnectionTests {
    @Test(arguments: TransportProtocol.allCases)
    func `Both sides ask their gates in order, and establish`(transport: TransportProtocol) {
        var pair = Pair(transport)
        let seen = pair.shakeHands()
        #expect(seen.dialer == [.established(pair.listenerIdentity.peer)])
        #expect(seen.listener == [.established(pair.dialerIdentity.peer)])
        let expected: [RecordingSentinel.Event] = [.asked(.secured), .asked(.upgraded), .established]
        #expect(pair.dialerGate.events == expected)
        #expect(pair.listenerGate.events == expected)
        #expect(pair.listenerGate.remotes.allSatisfy { $0.id == pair.dialerIdentity.peer })
    }

    @Test(arguments: [StreamType.git, .membership, .gossip, .interrogation])
    func `A stream carries its type and bytes`(type: StreamType) throws {
        var pair = Pair()
        _ = pair.shakeHands()
        let (stream, opening) = try pair.open(type)
        let bytes = pair.dialer.send([1, 2, 3], on: stream).compactMap(\.message)
        let seen = pair.carry(toListener: opening + bytes)
        #expect(seen.listener == [.opened(stream, type), .received(stream, [1, 2, 3])])
        #expect(pair.listenerGate.events.suffix(2) == [.askedStream(type), .opened(type)])
        let back = pair.listener.send([4], on: stream).compactMap(\.message)
        #expect(back.flatMap { pair.dialer.receive($0) } == [.received(stream, [4])])
    }

    @Test func `A denial at secured by the listener ends it without a word`() {
        var pair = Pair(listenerGate: RecordingSentinel(denying: [.secured]))
        let seen = pair.shakeHands()
        let denial = pair.listenerGate.denial(.secured)
        #expect(seen.listener == [.denied(denial), .close(.denied(denial))])
        #expect(seen.dialer.isEmpty)
        #expect(pair.listenerGate.events == [.asked(.secured)])
        let late = pair.listener.receive([1])
        #expect(late.isEmpty)
    }

    @Test func `A denial at secured by the dialer ends it before it has said who it is`() {
        var pair = Pair(dialerGate: RecordingSentinel(denying: [.secured]))
        let seen = pair.shakeHands()
        let denial = pair.dialerGate.denial(.secured)
        #expect(seen.dialer == [.denied(denial), .close(.denied(denial))])
        #expect(pair.listenerGate.events.isEmpty)
    }

    @Test func `A denial at upgraded is told`() {
        var pair = Pair(listenerGate: RecordingSentinel(denying: [.upgraded]))
        let seen = pair.shakeHands()
        let denial = pair.listenerGate.denial(.upgraded)
        #expect(seen.listener == [.denied(denial), .close(.denied(denial))])
        #expect(seen.dialer == [.close(.farewell(.rateLimited))])
        #expect(pair.listenerGate.events == [.asked(.secured), .asked(.upgraded)])
    }

    @Test func `A denied stream ends the connection, as the RFC has it`() throws {
        var pair = Pair(listenerGate: RecordingSentinel(stream: .git))
        _ = pair.shakeHands()
        let opening = try pair.open(.git).1
        let seen = pair.carry(toListener: opening)
        let denial = pair.listenerGate.denial(.stream)
        #expect(seen.listener == [.denied(denial), .close(.denied(denial))])
        #expect(seen.dialer == [.close(.farewell(.rateLimited))])
        #expect(pair.listenerGate.events.suffix(2) == [.askedStream(.git), .closed])
    }

    @Test func `A denied stream may be all that is refused`() throws {
        var pair = Pair(listenerGate: RecordingSentinel(stream: .git, streamAction: .refuseStream))
        _ = pair.shakeHands()
        let (denied, opening) = try pair.open(.git)
        let first = pair.carry(toListener: opening)
        #expect(first.listener == [.denied(pair.listenerGate.denial(.stream))])
        #expect(first.dialer == [.ended(denied, .refused)])
        let (allowed, next) = try pair.open(.gossip)
        let second = pair.carry(toListener: next)
        #expect(second.listener == [.opened(allowed, .gossip)])
        let late = pair.listener.send([1], on: denied)
        #expect(late.isEmpty)
    }

    @Test func `There are no more streams than there may be`() throws {
        var pair = Pair()
        _ = pair.shakeHands()
        var messages: [[UInt8]] = []
        for _ in 0..<PeerConnection.maximumStreams {
            messages += try pair.open(.gossip).1
        }
        let beyond = pair.dialer.open(.gossip)
        #expect(beyond == nil)
        let seen = pair.carry(toListener: messages)
        #expect(seen.listener.count == PeerConnection.maximumStreams)
    }

    @Test func `On TCP a message that makes no sense ends the connection`() {
        var pair = Pair()
        let early = pair.listener.receive([1, 2, 3])
        #expect(early == [.close(.handshake(.length))])
        #expect(pair.listenerGate.events == [.misbehaved(.failedHandshake)])
        var other = Pair()
        _ = other.shakeHands()
        let late = other.listener.receive([UInt8](repeating: 0, count: 40))
        #expect(late == [.close(.violation)])
        #expect(other.listenerGate.events.suffix(2) == [.misbehaved(.protocolViolation), .closed])
        #expect(other.listenerGate.remotes.last?.id == other.dialerIdentity.peer)
    }

    @Test func `On UDP a message that makes no sense is ignored`() throws {
        var pair = Pair(.udp)
        let hello = try #require(pair.dialer.unanswered)
        let reply = pair.listener.receive(hello).compactMap(\.message)
        let forged =
            pair.listener.receive([UInt8](repeating: 7, count: 112))
            + pair.dialer.receive([UInt8](repeating: 7, count: 144))
        #expect(forged.isEmpty)
        _ = pair.carry(toListener: reply.flatMap { pair.dialer.receive($0) }.compactMap(\.message))
        #expect(pair.dialer.isEstablished && pair.listener.isEstablished)
        let late = pair.listener.receive([UInt8](repeating: 0, count: 40))
        #expect(late.isEmpty)
        #expect(pair.listener.isEstablished)
        #expect(!pair.listenerGate.events.contains { if case .misbehaved = $0 { true } else { false } })
    }

    @Test func `On UDP every answer of the handshake can be lost and asked for again`() throws {
        var pair = Pair(.udp)
        let hello = try #require(pair.dialer.unanswered)
        let lost = pair.listener.receive(hello)
        let reply = pair.listener.receive(hello)
        #expect(lost == reply)
        let proofs = reply.compactMap(\.message).flatMap { pair.dialer.receive($0) }
        let proof = try #require(proofs.first?.message)
        #expect(pair.dialer.unanswered == proof)
        let ready = pair.listener.receive(proof)
        #expect(ready.last == .established(pair.dialerIdentity.peer))
        let again = pair.listener.receive(proof)
        #expect(again.count == 1)
        let heard = again.compactMap(\.message).flatMap { pair.dialer.receive($0) }
        #expect(heard == [.established(pair.listenerIdentity.peer)])
        #expect(pair.dialer.unanswered == nil)
        #expect(pair.listenerGate.events.filter { $0 == .established }.count == 1)
    }

    @Test func `The gate hears of each stream that it has let open how it ends`() throws {
        var pair = Pair(listenerGate: RecordingSentinel(stream: .git, streamAction: .refuseStream))
        _ = pair.shakeHands()
        _ = pair.carry(toListener: try pair.open(.git).1)
        _ = pair.carry(toListener: try pair.open(.gossip).1 + pair.open(.membership).1)
        let farewell = pair.dialer.close(.none)
        _ = pair.carry(toListener: farewell.compactMap(\.message))
        pair.listener.transportClosed()
        #expect(
            pair.listenerGate.events.dropFirst(3).prefix(5) == [
                .askedStream(.git), .askedStream(.gossip), .opened(.gossip), .askedStream(.membership),
                .opened(.membership),
            ])
        let end = pair.listenerGate.events.suffix(3)
        #expect(Set(end.dropLast()) == [.ended(.gossip), .ended(.membership)] && end.last == .closed)
        #expect(pair.listenerGate.events.count == 11)
    }

    @Test func `Who never says who it is has failed to, but not who has gone`() {
        for (timedOut, expected) in [
            (true, [RecordingSentinel.Event.misbehaved(.failedHandshake)]), (false, []),
        ] {
            var pair = Pair()
            _ = pair.listener.receive(pair.dialer.unanswered ?? [])
            pair.listener.transportClosed(timedOut: timedOut)
            #expect(pair.listenerGate.events == expected)
        }
    }

    @Test func `What is no message ends a connection as one that makes no sense`() {
        var pair = Pair()
        let early = pair.listener.receiveMalformed()
        #expect(early == [.close(.handshake(.length))])
        var other = Pair()
        _ = other.shakeHands()
        let late = other.listener.receiveMalformed()
        #expect(late == [.close(.violation)])
        let later = other.listener.receiveMalformed()
        #expect(later.isEmpty)
    }

    @Test func `The gate hears once that an established connection is gone`() {
        var pair = Pair()
        _ = pair.shakeHands()
        let farewell = pair.dialer.close(.none)
        #expect(farewell.last == .close(.done))
        let seen = pair.carry(toListener: farewell.compactMap(\.message))
        #expect(seen.listener == [.close(.farewell(.none))])
        pair.listener.transportClosed()
        pair.dialer.transportClosed()
        #expect(pair.listenerGate.events.filter { $0 == .closed }.count == 1)
        #expect(pair.dialerGate.events.filter { $0 == .closed }.count == 1)
    }
}

@Suite struct StreamTableTests {
    @Test func `The sides number their streams apart, in rising order`() {
        var table = StreamTable()
        let others = [2, 3, 3, 1].map { table.openOther(StreamID($0), .inbound) }
        #expect(others == [.wrongSide, .opened, .repeated, .repeated])
        let own = (0..<2).map { _ in table.openOwn(.inbound) }
        #expect(own == [StreamID(2), StreamID(4)])
        let closings = (0..<2).map { _ in table.close(StreamID(3)) }
        #expect(closings == [true, false])
        #expect(!table.isOpen(StreamID(3)))
    }

    @Test func `The other side gets no more streams than there may be`() {
        var table = StreamTable()
        let openings = (0...UInt32(PeerConnection.maximumStreams)).map {
            table.openOther(StreamID(2 * $0 + 1), .inbound)
        }
        #expect(openings.dropLast().allSatisfy { $0 == .opened })
        #expect(openings.last == .tooMany)
        let own = table.openOwn(.inbound)
        #expect(own == nil)
    }
}
