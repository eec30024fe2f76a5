// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// The shape of an attack, as it has been published.
public enum Shape: String, CaseIterable, Sendable {
    /// One source, or two, that open connections as fast as they can.
    ///
    /// Sources: the RFC "Connection Sentinels" of radicle-link, 2021, whose motivation this is: "some misbehaving peers
    /// create many incoming connections to the seed node consuming all the CPU on the node"; libp2p's "DoS Mitigation",
    /// <https://docs.libp2p.io/concepts/security/dos-mitigation/>, the first of its examples; go-libp2p-core pull
    /// request 269, whose example is a node that connects and closes a hundred times a second.
    case flood

    /// A site with a /48 that takes another /64, and another address in it, for every few connections.
    ///
    /// Sources: "The scary state of IPv6 rate-limiting", 2022, <https://adam-p.ca/blog/2022/02/ipv6-rate-limiting/>:
    /// "it's safe to assume that an attacker can obtain at least a /56 and probably a /48"; Tor's issue 33156, "DoS
    /// subsystem should compare IPv6 /64", <https://gitlab.torproject.org/tpo/core/tor/-/issues/33156>.
    case rotation
    /// The same from a household with a /56, and others in the same /48 who mean well.
    case rotation56 = "rotation-56"

    /// One bad peer among fifty good ones behind one IPv4 address, where the node has been running. Ten of the good
    /// ones come for the first time while the attack goes on.
    ///
    /// Sources: "One IP address, many users: detecting CGNAT to reduce collateral effects", the Cloudflare blog, October
    /// 2025; "Best Practices for Blocking Clients by IP Address", draft-nottingham-blocking-best-practices; harmony's
    /// issue 2054, which sees that a limit for an address shuts out nodes behind a NAT,
    /// <https://github.com/harmony-one/harmony/issues/2054>.
    case nat
    /// The same in one IPv6 /64.
    case nat6
    /// The same where the node has just begun, and knows nobody.
    case natCold = "nat-cold"
    /// The same where the bad one comes with a new identity each time.
    case natIdentities = "nat-identities"

    /// Many peers that each stay below every rate, and break protocols, open streams too fast and fail handshakes.
    ///
    /// Sources: the second and third example of libp2p's "DoS Mitigation", many nodes of which none does much; the
    /// advisory GHSA-j7qp-mfxf-8xjw of go-libp2p: "Creating a lot of sybil nodes and opening new connections across
    /// nodes".
    case slow

    /// What the command and the results call it.
    public var name: String { rawValue }

    /// The shapes that are variants of another one.
    public var isVariant: Bool {
        switch self {
        case .flood, .rotation, .nat, .slow: false
        case .rotation56, .nat6, .natCold, .natIdentities: true
        }
    }
}

/// A shape's traffic, with what is said of it.
struct Scenario {
    let shape: Shape
    /// In the order of their arrival.
    let visits: [Visit]
    /// When the first attacker arrives.
    let attackStart: Int64

    init(_ shape: Shape, seed: UInt64, _ extent: Simulation.Extent) {
        self.shape = shape
        // Each shape has a chance of its own.
        let number = UInt64(Shape.allCases.firstIndex(of: shape) ?? 0)
        var traffic = TrafficGenerator(seed: seed &* 0x100 &+ number)
        switch shape {
        case .flood: traffic.addFlood(FloodTerms(extent))
        case .rotation: traffic.addRotation(RotationTerms(extent, prefixLength: 48))
        case .rotation56: traffic.addRotation(RotationTerms(extent, prefixLength: 56))
        case .nat: traffic.addSharedAddress(NATTerms(extent, .ipv4))
        case .nat6: traffic.addSharedAddress(NATTerms(extent, .ipv6))
        case .natCold: traffic.addSharedAddress(NATTerms(extent, .ipv4, warmUp: 0))
        case .natIdentities: traffic.addSharedAddress(NATTerms(extent, .ipv4, identities: .newEachTime))
        case .slow: traffic.addSlowAbuse(SlowTerms(extent))
        }
        visits = traffic.finish()
        attackStart = visits.first { $0.party == .attacker }?.arrival ?? 0
    }
}
