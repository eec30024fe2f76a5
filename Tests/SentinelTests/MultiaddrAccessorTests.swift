// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import Sentinel
import TestRandom
import Testing

@Suite struct MultiaddrAccessorTests {
    @Test(arguments: [
        ("/ip4/203.0.113.7/tcp/8776", "203.0.113.7", "tcp:203.0.113.7:8776"),
        ("/ip4/203.0.113.7/udp/4001/quic-v1", "203.0.113.7", "udp:203.0.113.7:4001"),
        ("/ip6/2001:db8::7/tcp/443/tls/ws", "2001:db8::7", "tcp:[2001:db8::7]:443"),
        ("/ip6/::ffff:203.0.113.7/tcp/1", "203.0.113.7", "tcp:203.0.113.7:1"),
        ("/ip4/203.0.113.7", "203.0.113.7", nil), ("/ip4/203.0.113.7/tcp/0", "203.0.113.7", nil),
        ("/ip4/203.0.113.7/sctp/5", "203.0.113.7", nil),
        ("/ip6zone/eth0/ip6/fe80::1/tcp/1", "fe80::1", "tcp:[fe80::1]:1"),
        ("/dns4/example.org/tcp/443", nil, nil), ("/p2p/\(Peers.sha256)", nil, nil),
        ("/tcp/80/ip4/203.0.113.7", nil, nil),
    ])
    func `The leading address and endpoint are found`(
        text: String, address: String?, endpoint: String?
    ) throws {
        let multiaddr = try Multiaddr(parsing: text)
        #expect(multiaddr.ipAddress?.description == address)
        #expect(multiaddr.endpoint?.description == endpoint)
    }

    @Test(arguments: [
        ("/ip4/203.0.113.7/tcp/8776", "tcp:203.0.113.7:8776"),
        ("/ip6/::ffff:203.0.113.7/udp/4001/quic-v1", "udp:203.0.113.7:4001"),
        ("/ip4/203.0.113.7/tcp/443/tls/sni/example.org/ws", "tcp:203.0.113.7:443"),
        ("/ip4/169.254.0.1/tcp/1", "tcp:169.254.0.1:1"),
    ])
    func `The kernel matches an endpoint`(text: String, endpoint: String) throws {
        let match = try Multiaddr(parsing: text).kernelMatch
        #expect(match.endpoint == Endpoint(endpoint))
        #expect(match.address == Endpoint(endpoint)?.address)
        #expect(match.unmatchable == nil)
    }

    @Test(arguments: ["/ip4/203.0.113.7", "/ip4/203.0.113.7/sctp/9", "/ip4/203.0.113.7/tcp/0"])
    func `Without a port that it knows the kernel matches the address alone`(text: String) throws {
        let match = try Multiaddr(parsing: text).kernelMatch
        #expect(match == .address(.v4(IPv4Address(203, 0, 113, 7))))
        #expect(match.endpoint == nil)
    }

    @Test(arguments: [
        ("/ip4/203.0.113.7/tcp/1/p2p/\(Peers.sha256)/p2p-circuit", Unmatchable.relayed),
        ("/ip4/203.0.113.7/tcp/1/p2p/\(Peers.sha256)/p2p-circuit/p2p/\(Peers.ed25519)", .relayed),
        ("/p2p-circuit", .relayed), ("/dns/example.org/tcp/1/p2p-circuit", .relayed),
        ("/dns/example.org/tcp/1", .name), ("/dns4/example.org", .name), ("/dns6/example.org", .name),
        ("/dnsaddr/example.org", .name),
        ("/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:1", .overlay),
        ("/garlic32/566niximlxdzpanmn4qouucvua3k7neniwss47li5r6ugoertzuq", .overlay),
        ("/unix/run/node.sock", .local), ("/memory/1", .local),
        ("/ip6zone/eth0/ip6/fe80::1/tcp/1", .zoned), ("/ip6zone/eth0/ip6/2001:db8::1/tcp/1", .zoned),
        ("/ip6/fe80::1/tcp/1", .linkLocal), ("/ip6/febf::1/tcp/1", .linkLocal),
        ("/ip4/203.0.113.0/ipcidr/24", .block), ("/ip4/203.0.113.0/ipcidr/24/tcp/1", .block),
        ("/p2p/\(Peers.sha256)", .noAddress), ("/tcp/80", .noAddress),
    ])
    func `What the kernel can't match it says, and why`(text: String, reason: Unmatchable) throws {
        let match = try Multiaddr(parsing: text).kernelMatch
        #expect(match == .nothing(reason))
        #expect(match.address == nil)
        #expect(!reason.description.isEmpty)
    }

    @Test(arguments: [
        ("/ip4/203.0.113.7/tcp/1/p2p/\(Peers.sha256)", Peers.sha256, false),
        ("/ip4/203.0.113.7/tcp/1", nil, false),
        ("/ip4/203.0.113.7/tcp/1/p2p/\(Peers.sha256)/p2p-circuit", nil, true),
        ("/ip4/203.0.113.7/tcp/1/p2p/\(Peers.sha256)/p2p-circuit/p2p/\(Peers.ed25519)", Peers.ed25519, true),
        ("/p2p/\(Peers.ed25519)/http-path/a", Peers.ed25519, false),
    ])
    func `The peer is the one at the end, never the relay`(
        text: String, peer: String?, isRelayed: Bool
    ) throws {
        let address = try Multiaddr(parsing: text)
        #expect(address.peerID?.description == peer)
        #expect(address.isRelayed == isRelayed)
    }

    @Test(arguments: [
        ("/ip4/203.0.113.7/tcp/1", MultiaddrProtocol.tcp), ("/ip4/203.0.113.7/tcp/1/tls/ws", .ws),
        ("/ip4/203.0.113.7/udp/1/quic-v1", .quicV1),
        (
            "/ip4/203.0.113.7/udp/1/quic-v1/webtransport/certhash/b2uaraocy6yrdblb4sfptaddgimjmmpy",
            .webtransport
        ),
        ("/ip4/203.0.113.7/udp/1/webrtc-direct", .webrtcDirect),
        ("/ip4/203.0.113.7/tcp/1/p2p/\(Peers.sha256)/p2p-circuit/webrtc", .p2pCircuit),
        ("/unix/a", .unix), ("/ip4/203.0.113.7", nil),
    ])
    func `The transport is the last one, and a relay's circuit before all`(
        text: String, transport: MultiaddrProtocol?
    ) throws {
        #expect(try Multiaddr(parsing: text).transport == transport)
    }

    @Test(arguments: seeds)
    func `Endpoints and addresses come back out of the addresses made of them`(seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<200 {
            let endpoint = Endpoint(
                address: random.address(), transport: random.chance(50) ? .tcp : .udp,
                port: UInt16.random(in: 1 ... .max, using: &random))
            let multiaddr = Multiaddr(endpoint)
            #expect(multiaddr.endpoint == endpoint)
            #expect(try Multiaddr(parsing: multiaddr.description) == multiaddr)
            #expect(try Multiaddr(bytes: multiaddr.bytes) == multiaddr)
            #expect(Multiaddr(endpoint.address).ipAddress == endpoint.address)
        }
    }

    @Test func `Encapsulating appends, within the caps`() throws {
        let host = try Multiaddr(parsing: "/ip4/203.0.113.7")
        let inner = try Multiaddr(parsing: "/tcp/1/ws")
        let peer = try PeerID(parsing: Peers.ed25519)
        let whole = try host.encapsulating(inner).encapsulating(peer)
        #expect(whole.description == "/ip4/203.0.113.7/tcp/1/ws/p2p/\(Peers.ed25519)")
        let path = try Multiaddr(parsing: "/unix/a")
        #expect { try path.encapsulating(host) } throws: { ($0 as? SentinelError)?.code == .trailing }
        let long = try Multiaddr(parsing: String(repeating: "/ws", count: 32))
        #expect { try long.encapsulating(host) } throws: { ($0 as? SentinelError)?.code == .tooLong }
    }

    @Test func `Components carry protocol, value and text`() throws {
        let address = try Multiaddr(parsing: "/ip4/203.0.113.7/tcp/80/http/http-path/a%2Fb")
        #expect(address.protocols == [.ip4, .tcp, .http, .httpPath])
        let components = address.components
        #expect(components[1].value == [0, 80])
        #expect(components[1].valueText == "80")
        #expect(components[2].valueText == nil)
        #expect(String(decoding: components[3].value, as: UTF8.self) == "a/b")
        #expect(components[3].description == "/http-path/a%2Fb")
    }

    @Test func `Short and long addresses are equal where their bytes are`() throws {
        // 28 bytes and 29: the most that lies in the value itself, and one more.
        for count in [26, 27] {
            let text = "/dns/" + String(repeating: "a", count: count)
            let address = try Multiaddr(parsing: text)
            #expect(try Multiaddr(bytes: address.bytes) == address)
            #expect(try Set([address, Multiaddr(parsing: text)]).count == 1)
        }
    }
}
