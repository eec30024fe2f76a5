// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FuzzDriver
internal import Sentinel

// Peer ids as bytes and as text: each form reads back as the same peer.

func check(_ peer: PeerID) {
    require((try? PeerID(bytes: peer.bytes)) == peer, "\(peer) reads back from its bytes")
    require((try? PeerID(parsing: peer.description)) == peer, "\(peer) reads back from its text")
    require(
        (try? PeerID(parsing: peer.cidDescription)) == peer, "\(peer) reads back from \(peer.cidDescription)")
    require((2...PeerID.maximumByteCount).contains(peer.byteCount), "\(peer) has \(peer.byteCount) bytes")
    if let key = peer.ed25519PublicKey {
        require((try? PeerID(ed25519PublicKey: key)) == peer, "\(peer) is its key's")
    }
}

func check(_ error: SentinelError, _ limit: Int) {
    requirePlain("\(error)")
    require((0...limit).contains(error.offset ?? 0), "\(error) lies within the input")
}

fuzz { input in
    do throws(SentinelError) {
        check(try PeerID(bytes: input))
    } catch {
        check(error, input.count)
    }
    let text = String(decoding: input, as: UTF8.self)
    do throws(SentinelError) {
        check(try PeerID(parsing: text))
    } catch {
        check(error, text.utf8.count)
    }
}
