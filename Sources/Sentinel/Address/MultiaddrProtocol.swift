// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A protocol that a component of a ``Multiaddr`` names. The raw value is its multicodec.
///
/// Source: <https://github.com/multiformats/multiaddr/blob/master/protocols.csv>, and for plaintextv2 the
/// multicodec table.
public enum MultiaddrProtocol: UInt32, Hashable, Sendable, CaseIterable {
    case ip4 = 4
    case tcp = 6
    case dccp = 33
    case ip6 = 41
    /// The zone (RFC 4007) of the ip6 component that follows.
    case ip6zone = 42
    /// The prefix length of the ip4 or ip6 component before it.
    case ipcidr = 43
    /// A name that resolves to IPv4 and IPv6 addresses.
    case dns = 53
    case dns4 = 54
    case dns6 = 55
    /// A name whose TXT records hold multiaddrs.
    case dnsaddr = 56
    case sctp = 132
    case udp = 273
    /// Deprecated.
    case p2pWebRTCStar = 275
    /// Deprecated.
    case p2pWebRTCDirect = 276
    /// Deprecated.
    case p2pStardust = 277
    case webrtcDirect = 280
    case webrtc = 281
    /// What stands before it is a relay's address, what follows the peer behind the relay.
    case p2pCircuit = 290
    case udt = 301
    case utp = 302
    /// A path to a Unix domain socket; the rest of the address belongs to it.
    case unix = 400
    /// A peer id. Its former name, ipfs, is read as well.
    case p2p = 421
    /// Deprecated for tls and http.
    case https = 443
    case onion = 444
    case onion3 = 445
    case garlic64 = 446
    case garlic32 = 447
    case tls = 448
    /// The server's name within TLS, RFC 6066 section 3.
    case sni = 449
    case noise = 454
    /// QUIC, draft 29.
    case quic = 460
    /// QUIC, RFC 9000.
    case quicV1 = 461
    case webtransport = 465
    /// The multihash of a certificate that the peer may show.
    case certhash = 466
    case ws = 477
    /// Deprecated for tls and ws.
    case wss = 478
    /// Deprecated.
    case p2pWebsocketStar = 479
    case http = 480
    /// The path of a resource, percent-encoded in text.
    case httpPath = 481
    /// A transport within one process, for tests.
    case memory = 777
    case plaintextv2 = 7_367_777
}

extension MultiaddrProtocol: LosslessStringConvertible {
    /// The name that stands in an address's text.
    public init?(_ name: String) {
        self.init(name: Array(name.utf8)[...])
    }

    init?(name: ArraySlice<UInt8>) {
        if name.elementsEqual("ipfs".utf8) {
            self = .p2p
            return
        }
        guard let found = Self.allCases.first(where: { name.elementsEqual($0.description.utf8) })
        else { return nil }
        self = found
    }

    public var description: String {
        switch self {
        case .ip4: "ip4"
        case .tcp: "tcp"
        case .dccp: "dccp"
        case .ip6: "ip6"
        case .ip6zone: "ip6zone"
        case .ipcidr: "ipcidr"
        case .dns: "dns"
        case .dns4: "dns4"
        case .dns6: "dns6"
        case .dnsaddr: "dnsaddr"
        case .sctp: "sctp"
        case .udp: "udp"
        case .p2pWebRTCStar: "p2p-webrtc-star"
        case .p2pWebRTCDirect: "p2p-webrtc-direct"
        case .p2pStardust: "p2p-stardust"
        case .webrtcDirect: "webrtc-direct"
        case .webrtc: "webrtc"
        case .p2pCircuit: "p2p-circuit"
        case .udt: "udt"
        case .utp: "utp"
        case .unix: "unix"
        case .p2p: "p2p"
        case .https: "https"
        case .onion: "onion"
        case .onion3: "onion3"
        case .garlic64: "garlic64"
        case .garlic32: "garlic32"
        case .tls: "tls"
        case .sni: "sni"
        case .noise: "noise"
        case .quic: "quic"
        case .quicV1: "quic-v1"
        case .webtransport: "webtransport"
        case .certhash: "certhash"
        case .ws: "ws"
        case .wss: "wss"
        case .p2pWebsocketStar: "p2p-websocket-star"
        case .http: "http"
        case .httpPath: "http-path"
        case .memory: "memory"
        case .plaintextv2: "plaintextv2"
        }
    }
}

extension MultiaddrProtocol {
    /// What follows a protocol's code.
    enum ValueShape: Equatable {
        /// Nothing.
        case none
        /// Just so many bytes.
        case fixed(Int)
        /// A varint that says how many bytes, and the bytes.
        case prefixed
        /// As `prefixed`; in text all that is left of the address, slashes and all.
        case path
    }

    var shape: ValueShape {
        switch self {
        case .tcp, .udp, .dccp, .sctp: .fixed(2)
        case .ip4: .fixed(4)
        case .ip6: .fixed(16)
        case .ipcidr: .fixed(1)
        case .onion: .fixed(12)
        case .onion3: .fixed(37)
        // The table says variable; what go-multiaddr and rust-multiaddr write is a number of eight bytes.
        case .memory: .fixed(8)
        case .ip6zone, .dns, .dns4, .dns6, .dnsaddr, .sni, .p2p, .garlic64, .garlic32, .certhash, .httpPath:
            .prefixed
        case .unix: .path
        case .p2pWebRTCStar, .p2pWebRTCDirect, .p2pStardust, .webrtcDirect, .webrtc, .p2pCircuit, .udt, .utp,
            .https, .tls, .noise, .quic, .quicV1, .webtransport, .ws, .wss, .p2pWebsocketStar, .http,
            .plaintextv2:
            .none
        }
    }

    /// Whether it carries a connection, rather than naming a host, securing or addressing something.
    var isTransport: Bool {
        switch self {
        case .tcp, .udp, .dccp, .sctp, .udt, .utp, .unix, .memory, .quic, .quicV1, .webtransport, .ws, .wss,
            .webrtc, .webrtcDirect, .p2pCircuit, .p2pWebRTCStar, .p2pWebRTCDirect, .p2pStardust,
            .p2pWebsocketStar:
            true
        default: false
        }
    }
}
