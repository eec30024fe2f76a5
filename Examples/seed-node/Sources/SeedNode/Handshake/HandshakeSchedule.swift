// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Crypto
internal import Sentinel

/// What both sides of a handshake compute: a hash over all that was said, and keys bound to it.
///
/// The exchange is SIGMA-I (Krawczyk, 2003) with AEAD in the place of its MAC: both sides agree on a secret
/// by ephemeral X25519, then each proves its Ed25519 identity by a signature over the transcript, sealed
/// under a key that only the two can have.
///
/// | Message | From | Bytes |
/// |---|---|---|
/// | hello | initiator | version (1), ephemeral key (32) |
/// | reply | responder | ephemeral key (32), sealed: identity (32), signature (64); tag (16) |
/// | proof | initiator | sealed: identity (32), signature (64); tag (16) |
///
/// To a responder each hello costs a key pair, an agreement and a signature, and each proof a verification:
/// that is what an accept denial saves.
struct HandshakeSchedule {
    static let version: UInt8 = 1
    static let helloLength = 1 + keyLength
    static let replyLength = keyLength + proofLength
    static let proofLength = keyLength + signatureLength + tagLength

    static let keyLength = 32
    static let signatureLength = 64
    static let tagLength = 16

    private static let label = Array("seed-node handshake 1".utf8)

    private let secret: SharedSecret
    private(set) var transcript: [UInt8]

    /// Agrees on a secret. `hello` is the initiator's message, `responderKey` the responder's ephemeral key.
    init(
        own: Curve25519.KeyAgreement.PrivateKey, other: some Collection<UInt8>, hello: [UInt8],
        responderKey: some Collection<UInt8>
    ) throws(HandshakeError) {
        do {
            let key = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: Array(other))
            secret = try own.sharedSecretFromKeyAgreement(with: key)
        } catch {
            throw .agreement
        }
        // A point of small order agrees on nothing with everyone (RFC 7748, section 6.1).
        guard secret.withUnsafeBytes({ $0.contains { $0 != 0 } }) else { throw .agreement }
        transcript = Array(SHA256.hash(data: Self.label + hello + responderKey))
    }

    /// Takes a message into the transcript.
    mutating func mix(_ message: [UInt8]) {
        transcript = Array(SHA256.hash(data: transcript + message))
    }

    func key(_ purpose: Purpose) -> SymmetricKey {
        secret.hkdfDerivedSymmetricKey(
            using: SHA256.self, salt: transcript, sharedInfo: Array(purpose.rawValue.utf8),
            outputByteCount: 32)
    }

    enum Purpose: String {
        case responderProof, initiatorProof, responderTraffic, initiatorTraffic
    }

    /// The sealed identity of one side. Each proof's key is used for that one message.
    func prove(_ identity: NodeIdentity, _ purpose: Purpose) throws(HandshakeError) -> [UInt8] {
        do {
            let signature = try identity.signingKey.signature(for: statement(identity.publicKey, purpose))
            let box = try ChaChaPoly.seal(
                identity.publicKey + signature, using: key(purpose), nonce: Self.onlyNonce(),
                authenticating: transcript)
            return Array(box.ciphertext) + Array(box.tag)
        } catch {
            throw .signature
        }
    }

    /// Opens what ``prove(_:_:)`` made on the other side, and says who it was.
    func verify(_ proof: some Collection<UInt8>, _ purpose: Purpose) throws(HandshakeError) -> PeerID {
        guard proof.count == Self.proofLength else { throw .length }
        let plain: [UInt8]
        do {
            let box = try ChaChaPoly.SealedBox(
                nonce: Self.onlyNonce(), ciphertext: Array(proof.dropLast(Self.tagLength)),
                tag: Array(proof.suffix(Self.tagLength)))
            plain = Array(try ChaChaPoly.open(box, using: key(purpose), authenticating: transcript))
        } catch {
            throw .seal
        }
        let identity = Array(plain.prefix(Self.keyLength))
        let signature = Array(plain.dropFirst(Self.keyLength))
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: identity),
            key.isValidSignature(signature, for: statement(identity, purpose)),
            let peer = try? PeerID(ed25519PublicKey: identity)
        else { throw .signature }
        return peer
    }

    private func statement(_ publicKey: [UInt8], _ purpose: Purpose) -> [UInt8] {
        Self.label + Array(purpose.rawValue.utf8) + transcript + publicKey
    }

    private static func onlyNonce() throws -> ChaChaPoly.Nonce {
        try ChaChaPoly.Nonce(data: [UInt8](repeating: 0, count: 12))
    }
}
