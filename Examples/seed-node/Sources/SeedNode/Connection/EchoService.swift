// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What a node does with a connection it accepted: it sends the bytes of every stream back.
final class EchoService: ConnectionUser {
    func connection(_ driver: ConnectionDriver, did action: PeerConnection.Action) {
        if case .received(let stream, let payload) = action { driver.send(payload, on: stream) }
    }

    func connectionClosed(_ driver: ConnectionDriver, error: DialError?) {}
}
