// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Shape {
    /// A heading.
    public var title: String {
        switch self {
        case .flood: "A single flood"
        case .rotation: "Rotation through a /48"
        case .rotation56: "Rotation through a /56"
        case .nat: "One bad peer among 50 behind a NAT"
        case .nat6: "One bad peer among 50 in one IPv6 /64"
        case .natCold: "The NAT, just after the node has begun"
        case .natIdentities: "The NAT, with a new identity each time"
        case .slow: "Slow abuse by many peers"
        }
    }

    /// What happens in it, in a line.
    public var summary: String {
        switch self {
        case .flood: "An IPv4 and an IPv6 source, 200 connections a second each, for 15 minutes."
        case .rotation: "50 connections a second for 20 minutes; every three from another /64."
        case .rotation56: "50 connections a second from a household's /56; 20 honest ones in the same /48."
        case .nat: "50 good peers share an IPv4 address with one that connects 50 times a second."
        case .nat6: "50 good peers share a /64 with one that connects 50 times a second."
        case .natCold: "50 good peers and a bad one come when the node knows nobody yet."
        case .natIdentities: "50 good peers, and one that makes up another identity for each connection."
        case .slow: "500 addresses below every rate, for 4 hours, with 300 honest peers."
        }
    }
}

extension Shape {
    /// Where the attacker's neighbours are.
    var neighbourhood: String {
        switch self {
        case .rotation, .rotation56: "its /48"
        case .nat6: "its /64"
        default: "its address"
        }
    }
}

extension Stage {
    /// What a legend calls it.
    public var title: String {
        switch self {
        case .kernel: "refused in the kernel"
        case .accept: "refused at accept"
        case .afterHandshake: "refused after the handshake"
        case .through: "let through"
        }
    }

    /// The same where the legend is near.
    var shortTitle: String {
        switch self {
        case .kernel: "kernel"
        case .accept: "accept"
        case .afterHandshake: "after the handshake"
        case .through: "let through"
        }
    }
}
