// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Sentinel
import TestRandom
import Testing

@Suite struct PeerIDTests {
    /// The examples of <https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md>.
    @Test(arguments: [Peers.ed25519, Peers.sha256])
    func `A bare base58btc multihash reads back as itself`(text: String) throws {
        let peer = try PeerID(parsing: text)
        #expect(peer.description == text)
        #expect(PeerID(text) == peer)
        #expect(try PeerID(bytes: peer.bytes) == peer)
    }

    @Test func `A CIDv1 in base32 reads back as itself`() throws {
        let text = "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe"
        let peer = try PeerID(parsing: text)
        #expect(peer.cidDescription == text)
        #expect(try PeerID(parsing: peer.description) == peer)
        #expect(peer.description == Peers.sha256)
    }

    /// The same peers, written in several ways by go-multiaddr's tests.
    @Test(arguments: [
        "k2k4r8oqamigqdo6o7hsbfwd45y70oyynp98usk7zmyfrzpqxh1pohl7",
        "bafzbeigvf25ytwc3akrijfecaotc74udrhcxzh2cx3we5qqnw5vgrei4bm",
        "k51qzi5uqu5dhb6l8spkdx7yxafegfkee5by8h7lmjh2ehc2sgg34z7c15vzqs",
        "bafzaajaiaejcalj543iwv2d7pkjt7ykvefrkfu7qjfi6sduakhso4lay6abn2d5u",
    ])
    func `CIDs of other bases name the same peers`(text: String) throws {
        let peer = try PeerID(parsing: text)
        #expect(try PeerID(parsing: peer.description) == peer)
        #expect(try PeerID(parsing: peer.cidDescription) == peer)
    }

    @Test func `Every accepted multibase gives the same peer`() throws {
        let peer = try PeerID(parsing: Peers.ed25519)
        let cid = [0x01, 0x72] + peer.bytes
        let base16 = cid.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(try PeerID(parsing: "f" + base16) == peer)
        #expect(try PeerID(parsing: "F" + base16.uppercased()) == peer)
        #expect(try PeerID(parsing: "B" + peer.cidDescription.dropFirst().uppercased()) == peer)
        // Written by another implementation of base58btc and base64url: Python's.
        #expect(try PeerID(parsing: "z5AanNVJCxnJ4fhdT9DsSUYvwjgHpsJ4pn4bueg8bvDe6b1tDj9rmdk") == peer)
        #expect(try PeerID(parsing: "uAXIAJAgBEiAv-jWpnTo8-7F7t8HcVWGxio3MpN843GE-qFnDfrEzaw") == peer)
    }

    @Test func `An Ed25519 key is its own identity`() throws {
        // The key of the specification's test vectors.
        let key = hex("1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e")
        let peer = try PeerID(ed25519PublicKey: key)
        #expect(
            peer.bytes == hex("0024080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e"))
        #expect(peer.description.hasPrefix("12D3Koo"))
        #expect(peer.ed25519PublicKey == key)
        #expect(try PeerID(parsing: Peers.sha256).ed25519PublicKey == nil)
        #expect(throws: SentinelError.self) { try PeerID(ed25519PublicKey: key.dropLast()) }
    }

    @Test func `The longest inline key fits, one byte more doesn't`() throws {
        let longest = PeerID.maximumInlineKeyLength
        let key = [UInt8](repeating: 7, count: longest)
        let peer = try PeerID(bytes: [0, UInt8(longest)] + key)
        #expect(peer.byteCount == PeerID.maximumByteCount)
        #expect(try PeerID(parsing: peer.description) == peer)
        #expect(throws: SentinelError.self) { try PeerID(bytes: [0, UInt8(longest + 1)] + key + [7]) }
    }

    @Test(arguments: [
        ([], SentinelError.Code.empty),
        ([0x12], .truncated),
        ([0x12, 0x20], .truncated),
        ([0x12, 0x1F] + [UInt8](repeating: 1, count: 31), .outOfRange),
        ([0x12, 0x20] + [UInt8](repeating: 1, count: 33), .trailing),
        ([0x11, 0x14] + [UInt8](repeating: 1, count: 20), .unsupported),
        ([0x00, 0x00], .outOfRange),
        ([0x00, 0x80, 0x01], .outOfRange),
        ([UInt8](repeating: 0, count: 1000), .tooLong),
    ])
    func `Bytes that are no peer's multihash are refused`(bytes: [UInt8], code: SentinelError.Code) {
        #expect { try PeerID(bytes: bytes) } throws: { ($0 as? SentinelError)?.code == code }
    }

    @Test(arguments: [
        ("", SentinelError.Code.empty, 0),
        ("?unknownmultibase", .unsupported, 0),
        ("Qm0000", .malformed, 2),
        ("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5l", .malformed, 45),
        ("k2k4r8oqamigqdo6o7hsbfwd45y70oyynp98usk7zmyfrzpqxh1pohl-", .malformed, 55),
        // Upper case where the prefix says lower.
        ("bAFZBEIE5745RPV2M6TJYUUGYWY4D5EWRQGQQHFNF445HE3OMZPJBX5XQXE", .malformed, 1),
        // The codec is not libp2p-key.
        ("bafkreifoybygix7fh3r3g5rqle3wcnhqldgdg4shzf4k3ulyw3gn7mabt4", .unsupported, 1),
        ("k2jmtxwoe2phm1hbqp0e7nufqf6umvuu2e9qd7ana7h411a0haqj6i2z", .unsupported, 1),
        // A character is missing, so bits are left over.
        ("bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqx", .malformed, 58),
        ("b", .unsupported, 1),
        (String(repeating: "1", count: 100_000), .tooLong, 160),
        ("Qm" + String(repeating: "z", count: 100_000), .tooLong, 160),
    ])
    func `Text that is no peer id is refused with what and where`(
        text: String, code: SentinelError.Code, offset: Int
    ) {
        #expect(PeerID(text) == nil)
        #expect {
            try PeerID(parsing: text)
        } throws: { error in
            guard let error = error as? SentinelError else { return false }
            return error.code == code && error.offset == offset && !error.remedy.isEmpty
        }
    }

    @Test(arguments: ["111", "1", "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5", "12D3KooW"])
    func `Base58 of something else is refused`(text: String) {
        #expect(PeerID(text) == nil)
    }

    @Test(arguments: seeds)
    func `Random peers read back from every form`(seed: UInt64) throws {
        var random = Seeded(seed)
        var all: Set<PeerID> = []
        for _ in 0..<200 {
            let length = 1 + Int(random.next() % 42)
            let bytes =
                random.chance(50)
                ? [0x12, 0x20] + random.bytes(32) : [0, UInt8(length)] + random.bytes(length)
            let peer = try PeerID(bytes: bytes)
            #expect(peer.bytes == bytes)
            #expect(try PeerID(parsing: peer.description) == peer)
            #expect(try PeerID(parsing: peer.cidDescription) == peer)
            all.insert(peer)
            #expect(all.contains(try PeerID(parsing: peer.cidDescription)))
        }
    }

    @Test(arguments: seeds)
    func `Random text never gives a peer that doesn't read back`(seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<2000 {
            var text = Array(Peers.ed25519.utf8)
            for _ in 0...(random.next() % 3) {
                text[Int(random.next() % UInt64(text.count))] = UInt8(0x21 + random.next() % 94)
            }
            guard let peer = PeerID(String(decoding: text, as: UTF8.self)) else { continue }
            #expect(try PeerID(parsing: peer.description) == peer)
        }
    }
}
