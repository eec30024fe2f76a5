// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Crypto

/// The accepting side of a handshake: making one is what costs. A proof that fails changes nothing.
struct ResponderHandshake {
    /// The initiator's first message.
    let hello: [UInt8]
    /// What to answer it with.
    let reply: [UInt8]

    private let schedule: HandshakeSchedule

    /// Answers a hello.
    init(identity: NodeIdentity, hello: [UInt8]) throws(HandshakeError) {
        guard hello.count == HandshakeSchedule.helloLength else { throw .length }
        guard hello[0] == HandshakeSchedule.version else { throw .version }
        let ephemeral = Curve25519.KeyAgreement.PrivateKey()
        let ownKey = Array(ephemeral.publicKey.rawRepresentation)
        var schedule = try HandshakeSchedule(
            own: ephemeral, other: hello.dropFirst(), hello: hello, responderKey: ownKey)
        reply = ownKey + (try schedule.prove(identity, .responderProof))
        schedule.mix(reply)
        self.hello = hello
        self.schedule = schedule
    }

    /// Reads the initiator's proof: who it is, and the keys from then on.
    func receive(_ proof: [UInt8]) throws(HandshakeError) -> HandshakeResult {
        let peer = try schedule.verify(proof, .initiatorProof)
        var schedule = schedule
        schedule.mix(proof)
        return HandshakeResult(
            peer: peer, proof: [],
            sealer: RecordSealer(key: schedule.key(.responderTraffic)),
            opener: RecordOpener(key: schedule.key(.initiatorTraffic)))
    }
}
