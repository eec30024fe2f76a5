// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Crypto
public import Sentinel

/// The key that a node is known by. Its peer id is the key's public half.
public struct NodeIdentity: Sendable {
    let signingKey: Curve25519.Signing.PrivateKey

    /// The public half as the libp2p specification writes it: `12D3Koo…`.
    public let peer: PeerID

    /// Makes a new identity.
    public init() {
        self.init(signingKey: Curve25519.Signing.PrivateKey())
    }

    /// The identity of an Ed25519 private key, RFC 8032: 32 bytes. Nil for any other count.
    public init?(privateKey: some Collection<UInt8>) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: Array(privateKey)) else {
            return nil
        }
        self.init(signingKey: key)
    }

    /// The private key, 32 bytes, for ``init(privateKey:)``.
    public var privateKey: [UInt8] { Array(signingKey.rawRepresentation) }

    var publicKey: [UInt8] { Array(signingKey.publicKey.rawRepresentation) }

    private init(signingKey: Curve25519.Signing.PrivateKey) {
        guard let peer = try? PeerID(ed25519PublicKey: signingKey.publicKey.rawRepresentation) else {
            preconditionFailure("an Ed25519 public key has 32 bytes")
        }
        self.signingKey = signingKey
        self.peer = peer
    }
}
