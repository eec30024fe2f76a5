// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Crypto
internal import Sentinel

/// The dialing side of a handshake. A reply that fails changes nothing, so that over UDP a forged one does no
/// harm.
struct InitiatorHandshake {
    /// The first message.
    let hello: [UInt8]

    private let identity: NodeIdentity
    private let expected: PeerID?
    private let ephemeral = Curve25519.KeyAgreement.PrivateKey()

    /// Begins a handshake with `expected`, or with whoever answers.
    init(identity: NodeIdentity, expecting expected: PeerID?) {
        self.identity = identity
        self.expected = expected
        hello = [HandshakeSchedule.version] + Array(ephemeral.publicKey.rawRepresentation)
    }

    /// Reads the responder's reply: who it is, what to send, and the keys from then on.
    func receive(_ reply: [UInt8]) throws(HandshakeError) -> HandshakeResult {
        guard reply.count == HandshakeSchedule.replyLength else { throw .length }
        let responderKey = Array(reply.prefix(HandshakeSchedule.keyLength))
        var schedule = try HandshakeSchedule(
            own: ephemeral, other: responderKey, hello: hello, responderKey: responderKey)
        let peer = try schedule.verify(reply.dropFirst(HandshakeSchedule.keyLength), .responderProof)
        guard expected == nil || expected == peer else { throw .wrongPeer }

        schedule.mix(reply)
        let proof = try schedule.prove(identity, .initiatorProof)
        schedule.mix(proof)
        return HandshakeResult(
            peer: peer, proof: proof,
            sealer: RecordSealer(key: schedule.key(.initiatorTraffic)),
            opener: RecordOpener(key: schedule.key(.responderTraffic)))
    }
}

/// What a side knows when its part of the handshake is done.
struct HandshakeResult {
    var peer: PeerID
    /// The initiator's last message; the responder has none.
    var proof: [UInt8]
    var sealer: RecordSealer
    var opener: RecordOpener
}
