// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Why a handshake failed. The other side is not told.
public enum HandshakeError: Error, Hashable, Sendable {
    /// A message of another length than its kind has.
    case length
    /// The other side speaks another version of this protocol.
    case version
    /// The other side's ephemeral key is no point that agrees on a secret.
    case agreement
    /// A message that was not sealed by the other side of this very exchange.
    case seal
    /// The signature is not by the key that the message names, or over another exchange.
    case signature
    /// The other side proved to be this peer, not the one that was dialed.
    case wrongPeer
}
