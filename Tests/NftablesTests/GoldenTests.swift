// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Inet
import Nftables
import Testing

/// Our messages are byte for byte those that the nft command sends. The files say which command; they are
/// recorded by record-golden.py. No root is needed.
@Suite struct GoldenTests {
    static let table = Table(.inet, "t")
    static let chain = Chain(table, "c")
    static let set = NamedSet(table, "s", key: KeyType(.ipv4Address), flags: .timeout)

    static func element(_ address: String, isEnd: Bool = false) throws -> Element {
        Element(ElementKey(try #require(IPAddress(address))), isIntervalEnd: isEnd)
    }

    @Test func `Tables`() throws {
        try expect("table") { $0.add(Self.table) }
        try expect("table-comment") { $0.add(Table(.inet, "t", comment: "hello")) }
        try expect("delete-table") { $0.delete(Self.table) }
    }

    @Test func `Chains`() throws {
        try expect("chain") { $0.add(Self.chain) }
        try expect("base-chain") {
            $0.add(Chain(Self.table, "c", hook: .init(.prerouting, priority: Chain.Priority.raw)))
        }
        try expect("flush-chain") { $0.flush(Self.chain) }
    }

    @Test func `Sets`() throws {
        try expect("set-address-timeout-counter") {
            $0.add(
                NamedSet(
                    Self.table, "s", key: KeyType(.ipv4Address), flags: .timeout, size: 65536,
                    hasCounters: true))
        }
        try expect("set-endpoint") {
            $0.add(
                NamedSet(
                    Self.table, "s", key: KeyType(.ipv6Address, .inetProtocol, .inetService), flags: .timeout,
                    timeout: .seconds(3600)))
        }
        try expect("set-interval") {
            $0.add(NamedSet(Self.table, "s", key: KeyType(.ipv4Address), flags: [.interval, .timeout]))
        }
        try expect("set-uid") { $0.add(NamedSet(Self.table, "s", key: KeyType(.uid))) }
        try expect("flush-set") { $0.flush(Self.set) }
        try expect("delete-set") { $0.delete(Self.set) }
    }

    @Test func `Elements`() throws {
        var first = try Self.element("192.0.2.1")
        first.timeout = .seconds(3600)
        first.comment = "accept: rate"
        var second = try Self.element("192.0.2.2")
        second.timeout = .seconds(90)
        second.expiration = .seconds(30)
        try expect("elements") { $0.add([first, second], to: Self.set) }

        let endpoint = try #require(Endpoint("udp:[2001:db8::7]:4001"))
        try expect("elements-endpoint") {
            $0.add([Element(ElementKey(endpoint), timeout: .seconds(10))], to: Self.set)
        }
        let interval = [
            try Self.element("0.0.0.0", isEnd: true), try Self.element("10.0.0.0"),
            try Self.element("11.0.0.0", isEnd: true),
        ]
        try expect("elements-interval") { $0.add(interval, to: Self.set) }
        try expect("elements-uid") { $0.add([Element(ElementKey(uid: 1000))], to: Self.set) }
        let both = [try Self.element("192.0.2.1"), try Self.element("192.0.2.2")]
        try expect("delete-elements") { $0.delete(both, from: Self.set) }
    }

    @Test func `Rules`() throws {
        let second = Expression.Register(1)
        try expect("rule-lookup-drop") {
            $0.add(
                Rule(
                    Self.chain,
                    Expression.address(.ipv4Source) + [.lookup(.first, set: "s"), .verdict(.drop)]))
        }
        try expect("rule-masked") {
            let mask = Array(repeating: UInt8(0xFF), count: 8) + Array(repeating: 0, count: 8)
            let none = Array(repeating: UInt8(0), count: 16)
            $0.add(
                Rule(
                    Self.chain,
                    Expression.address(.ipv6Source) + [
                        .bitwise(.first, mask: mask, xor: none), .lookup(.first, set: "s"), .verdict(.drop),
                    ]))
        }
        try expect("rule-ports-goto") {
            $0.add(
                Rule(
                    Self.chain,
                    [
                        .meta(.l4proto, to: .first), Expression.destinationPort(to: second),
                        .lookup(.first, set: "s"), .verdict(.goto("d")),
                    ]))
        }
        try expect("rule-users-return") {
            $0.add(
                Rule(Self.chain, [.meta(.skuid, to: .first), .lookup(.first, set: "s"), .verdict(.return)]))
        }
        try expect("rule-endpoint-reject") {
            $0.add(
                Rule(
                    Self.chain,
                    Expression.address(.ipv6Destination) + [
                        .meta(.l4proto, to: .init(4)), Expression.destinationPort(to: .init(5)),
                        .lookup(.first, set: "s"), .reject(.adminProhibited),
                    ]))
        }
        try expect("rule-comment-counter") {
            $0.add(Rule(Self.chain, [.counter()], comment: "hello"))
        }
    }

    /// Compares a transaction with a file.
    func expect(
        _ name: String, sourceLocation: SourceLocation = #_sourceLocation,
        _ build: (inout Transaction) throws -> Void
    ) throws {
        var transaction = Transaction()
        try build(&transaction)
        let golden = try Golden(name)
        let ours = Golden.messages(transaction.seal().bytes)
        #expect(ours.count == golden.messages.count, "\(golden.command)", sourceLocation: sourceLocation)
        for (index, (ours, nfts)) in zip(ours, golden.messages).enumerated() {
            let ours = Golden.comparable(ours)
            let nfts = Golden.comparable(nfts)
            let difference = Golden.difference(ours, nfts)
            #expect(
                ours == nfts, "\(golden.command), message \(index), ours | nft's:\n\(difference)",
                sourceLocation: sourceLocation)
        }
    }
}

/// A recorded batch.
struct Golden {
    let command: String
    let messages: [[UInt8]]

    init(_ name: String) throws {
        let url = try #require(
            Bundle.module.url(forResource: "Golden/\(name)", withExtension: "txt"), "no golden file \(name)")
        let text = try String(contentsOf: url, encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        command = String(lines[0].dropFirst(2))
        messages = lines.dropFirst(2).split(separator: "").map { paragraph in
            paragraph.flatMap { $0.split(separator: " ") }.flatMap { group in
                stride(from: 0, to: group.count, by: 2).compactMap {
                    UInt8(group.dropFirst($0).prefix(2), radix: 16)
                }
            }
        }
    }

    static func messages(_ bytes: [UInt8]) -> [[UInt8]] {
        var rest = bytes[...]
        var messages: [[UInt8]] = []
        while rest.count >= 16 {
            let length = Int(number(Array(rest.prefix(4))))
            messages.append(Array(rest.prefix(length)))
            rest = rest.dropFirst((length + 3) & ~3)
        }
        return messages
    }

    static func number(_ bytes: [UInt8]) -> UInt32 { bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) } }

    /// A message without what differs on purpose: the flag that asks for the acknowledgement; the order of the
    /// outermost attributes, which means nothing; the number that a set has within a batch, which nft repeats
    /// with elements and lookups of sets that it didn't make in that batch; the typeof note, which nft 1.0.6
    /// adds to concatenations that were declared by type; and the type of list entries, which libnftnl counts up
    /// (until it runs into the flags) where the kernel's header has a constant.
    static func comparable(_ message: [UInt8]) -> [UInt8] {
        var header = Array(message.prefix(20))
        header[6] &= ~4
        let kind = message[4]
        let body = attributes(message.dropFirst(20)).compactMap { attribute -> Attribute? in
            switch (kind, attribute.type) {
            case (9, 13): Attribute(type: 13, payload: Array(attribute.payload.prefix(6)))
            case (12...14, 4): nil
            case (12...14, 3 | 0x8000):
                Attribute(
                    type: attribute.type,
                    payload: attributes(attribute.payload[...]).flatMap {
                        Attribute(type: 1 | 0x8000, payload: $0.payload).bytes
                    })
            case (6, 4 | 0x8000):
                Attribute(type: attribute.type, payload: withoutSetNumbers(attribute.payload))
            default: attribute
            }
        }
        header += body.sorted { $0.type & 0x3FFF < $1.type & 0x3FFF }.flatMap(\.bytes)
        withUnsafeBytes(of: UInt32(header.count).littleEndian) { header.replaceSubrange(0..<4, with: $0) }
        return header
    }

    /// A rule's expressions without the fourth attribute of lookups.
    private static func withoutSetNumbers(_ expressions: [UInt8]) -> [UInt8] {
        attributes(expressions[...]).flatMap { expression -> [UInt8] in
            var parts = attributes(expression.payload[...])
            if parts[0].payload.starts(with: "lookup".utf8) {
                parts[1].payload = attributes(parts[1].payload[...]).filter { $0.type != 4 }.flatMap(\.bytes)
            }
            return Attribute(type: expression.type, payload: parts.flatMap(\.bytes)).bytes
        }
    }

    private struct Attribute {
        var type: UInt16
        var payload: [UInt8]

        var bytes: [UInt8] {
            let length = UInt16(payload.count + 4)
            let header = [length, type].flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
            return header + payload + Array(repeating: 0, count: -payload.count & 3)
        }
    }

    private static func attributes(_ bytes: ArraySlice<UInt8>) -> [Attribute] {
        var rest = bytes
        var attributes: [Attribute] = []
        while rest.count >= 4 {
            let head = Array(rest.prefix(4)).map { UInt16($0) }
            let length = Int(head[0] | head[1] << 8)
            let payload = Array(rest.dropFirst(4).prefix(length - 4))
            attributes.append(Attribute(type: head[2] | head[3] << 8, payload: payload))
            rest = rest.dropFirst((length + 3) & ~3)
        }
        return attributes
    }

    /// The 4-byte groups that differ, side by side.
    static func difference(_ a: [UInt8], _ b: [UInt8]) -> String {
        func groups(_ bytes: [UInt8]) -> [String] {
            stride(from: 0, to: bytes.count, by: 4).map { start in
                bytes[start..<min(start + 4, bytes.count)].map {
                    String(UInt16($0) + 256, radix: 16).suffix(2)
                }
                .joined()
            }
        }
        let (a, b) = (groups(a), groups(b))
        return (0..<max(a.count, b.count)).compactMap { index in
            let left = index < a.count ? a[index] : "-"
            let right = index < b.count ? b[index] : "-"
            return left == right ? nil : "\(index * 4): \(left) | \(right)"
        }.joined(separator: "\n")
    }
}
