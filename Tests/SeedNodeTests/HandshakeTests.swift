// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Sentinel
import Testing

@testable import SeedNode

@Suite struct HandshakeTests {
    private let dialer = NodeIdentity()
    private let listener = NodeIdentity()

    @Test func `Both sides learn who the other is, and can read each other`() throws {
        let initiator = InitiatorHandshake(identity: dialer, expecting: listener.peer)
        let responder = try ResponderHandshake(identity: listener, hello: initiator.hello)
        var near = try initiator.receive(responder.reply)
        var far = try responder.receive(near.proof)
        #expect(near.peer == listener.peer)
        #expect(far.peer == dialer.peer)
        #expect(far.opener.open(try near.sealer.seal([1, 2])) == [1, 2])
        #expect(near.opener.open(try far.sealer.seal([3])) == [3])
    }

    @Test func `The messages have the lengths that are documented`() throws {
        let initiator = InitiatorHandshake(identity: dialer, expecting: nil)
        let responder = try ResponderHandshake(identity: listener, hello: initiator.hello)
        #expect(initiator.hello.count == 33)
        #expect(responder.reply.count == 144)
        #expect(try initiator.receive(responder.reply).proof.count == 112)
    }

    @Test func `Another peer than the one expected is not taken`() throws {
        let initiator = InitiatorHandshake(identity: dialer, expecting: dialer.peer)
        let responder = try ResponderHandshake(identity: listener, hello: initiator.hello)
        #expect(throws: HandshakeError.wrongPeer) { try initiator.receive(responder.reply) }
    }

    @Test(arguments: [0, 31, 32, 80, 143])
    func `A reply with one bit changed is refused`(byte: Int) throws {
        let initiator = InitiatorHandshake(identity: dialer, expecting: nil)
        var reply = try ResponderHandshake(identity: listener, hello: initiator.hello).reply
        reply[byte] ^= 1
        #expect(throws: HandshakeError.seal) { try initiator.receive(reply) }
    }

    @Test func `A reply belongs to its own hello`() throws {
        let initiator = InitiatorHandshake(identity: dialer, expecting: nil)
        let other = InitiatorHandshake(identity: dialer, expecting: nil)
        let responder = try ResponderHandshake(identity: listener, hello: other.hello)
        #expect(throws: HandshakeError.seal) { try initiator.receive(responder.reply) }
    }

    @Test(arguments: [0, 50, 111])
    func `A proof with one bit changed is refused, and the true one is taken after it`(byte: Int) throws {
        let initiator = InitiatorHandshake(identity: dialer, expecting: nil)
        let responder = try ResponderHandshake(identity: listener, hello: initiator.hello)
        let proof = try initiator.receive(responder.reply).proof
        var forged = proof
        forged[byte] ^= 0x80
        #expect(throws: HandshakeError.seal) { try responder.receive(forged) }
        #expect(try responder.receive(proof).peer == dialer.peer)
    }

    @Test func `The responder's own proof can't be played back to it`() throws {
        let initiator = InitiatorHandshake(identity: dialer, expecting: nil)
        let responder = try ResponderHandshake(identity: listener, hello: initiator.hello)
        #expect(throws: HandshakeError.seal) { try responder.receive(Array(responder.reply.dropFirst(32))) }
    }

    @Test func `A hello of another version, length, or without a real key is refused`() {
        let hello = InitiatorHandshake(identity: dialer, expecting: nil).hello
        #expect(throws: HandshakeError.version) {
            try ResponderHandshake(identity: listener, hello: [2] + hello.dropFirst())
        }
        #expect(throws: HandshakeError.length) {
            try ResponderHandshake(identity: listener, hello: hello + [0])
        }
        #expect(throws: HandshakeError.length) { try ResponderHandshake(identity: listener, hello: []) }
        #expect(throws: HandshakeError.agreement) {
            try ResponderHandshake(identity: listener, hello: [1] + [UInt8](repeating: 0, count: 32))
        }
    }

    @Test func `An identity comes back from its private key, and its peer id is as libp2p writes it`() throws
    {
        let again = try #require(NodeIdentity(privateKey: dialer.privateKey))
        #expect(again.peer == dialer.peer)
        #expect(dialer.peer.description.hasPrefix("12D3Koo"))
        #expect(NodeIdentity(privateKey: [1, 2, 3]) == nil)
    }
}
