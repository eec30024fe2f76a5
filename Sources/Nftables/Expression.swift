// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

/// One step of a rule.
///
/// The names are those of `nft --debug=netlink`, so that a rule can be read off any ruleset that nft loads.
public enum Expression: Hashable, Sendable {
    /// `meta load KEY => REGISTER`
    case meta(Meta, to: Register)
    /// `payload load LENGTHb @ BASE header + OFFSET => REGISTER`; lengths and offsets in bytes.
    case payload(PayloadBase, offset: UInt32, length: UInt32, to: Register)
    /// `bitwise REGISTER = ( REGISTER & MASK ) ^ XOR`; mask and xor have the same length.
    case bitwise(Register, mask: [UInt8], xor: [UInt8])
    /// `cmp eq REGISTER DATA` and its likes.
    case compare(Register, Comparison, [UInt8])
    /// `lookup REGISTER set NAME`: goes on where the set holds what the register and those behind it hold.
    case lookup(Register, set: String)
    /// `counter`, with what it counts on from.
    case counter(Element.Counter = Element.Counter())
    /// Ends the rule: what becomes of the packet.
    case verdict(Verdict)
    /// Drops the packet and answers it with an ICMP error.
    case reject(RejectReason)

    /// What `meta` loads (`enum nft_meta_keys`).
    public enum Meta: Hashable, Sendable {
        /// The packet's family, one byte: 2 for IPv4, 10 for IPv6.
        case nfproto
        /// The transport protocol, one byte.
        case l4proto
        /// The user id of the sending socket, four bytes in host byte order.
        case skuid
    }

    /// Where `payload` counts from (`enum nft_payload_bases`).
    public enum PayloadBase: Hashable, Sendable { case link, network, transport }

    public enum Comparison: Hashable, Sendable { case equal, notEqual }

    public enum Verdict: Hashable, Sendable {
        case accept, drop, `return`
        case jump(String)
        case goto(String)
    }

    /// The answers that fit both IPv4 and IPv6 (`enum nft_reject_inet_code`).
    public enum RejectReason: Hashable, Sendable {
        case noRoute, portUnreachable, hostUnreachable, adminProhibited
    }

    /// A register: four bytes, of sixteen. Values longer than four bytes go on into those that follow.
    public struct Register: Hashable, Sendable {
        /// 0 to 15: the number of the four-byte register.
        public let index: Int

        public init(_ index: Int) {
            precondition((0..<16).contains(index))
            self.index = index
        }

        /// The first.
        public static let first = Register(0)

        /// The kernel's number. Registers that begin at 16 bytes are written as the older, 16-byte ones: nft does
        /// so, and a rule lists the same only if it was written the same.
        var number: UInt32 {
            index.isMultiple(of: 4)
                ? UInt32(NFT_REG_1.rawValue) + UInt32(index / 4)
                : UInt32(NFT_REG32_00.rawValue) + UInt32(index)
        }
    }
}

extension Expression {
    /// What `ip saddr` (or `ip daddr`, …) loads into a register, with the family check before it that nft adds
    /// in a table of family inet. The check uses the same register.
    public static func address(_ field: AddressField, to register: Register = .first) -> [Expression] {
        let layout = field.layout
        return [
            .meta(.nfproto, to: register), .compare(register, .equal, [layout.family.rawValue]),
            .payload(.network, offset: layout.offset, length: layout.length, to: register),
        ]
    }

    /// An address field of the IP header.
    public enum AddressField: Hashable, Sendable {
        case ipv4Source, ipv4Destination, ipv6Source, ipv6Destination

        var layout: (family: Family, offset: UInt32, length: UInt32) {
            switch self {
            case .ipv4Source: (.ipv4, 12, 4)
            case .ipv4Destination: (.ipv4, 16, 4)
            case .ipv6Source: (.ipv6, 8, 16)
            case .ipv6Destination: (.ipv6, 24, 16)
            }
        }
    }

    /// `th dport`: the destination port of TCP, UDP and the others that put it there.
    public static func destinationPort(to register: Register) -> Expression {
        .payload(.transport, offset: 2, length: 2, to: register)
    }
}
