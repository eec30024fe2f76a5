// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// Addresses, blocks and ranges as lists write them.
enum AddressText {
    /// What stands in a place where an address should.
    enum Finding {
        case network(IPNetwork)
        /// Two addresses with a hyphen between them, of one family and in order.
        case range(IPAddress, IPAddress)
        case problem(_ problem: String, remedy: String)
    }

    /// Reads `203.0.113.7`, `203.0.113.0/24`, `[2001:db8::7]` or `203.0.113.0-203.0.113.9`.
    static func read(_ text: Span<UInt8>, _ range: Range<Int>) -> Finding {
        if let address = IPv4Address(utf8: text.extracting(range)) {
            return .network(IPNetwork(.v4(address)))
        }
        guard !range.isEmpty, range.count <= longest else { return noAddress }
        if let slash = text.first(UInt8(ascii: "/"), in: range) {
            return block(text, range.lowerBound..<slash, prefix: slash + 1..<range.upperBound)
        }
        if let hyphen = text.first(UInt8(ascii: "-"), in: range) {
            return span(
                text, text.trimmed(range.lowerBound..<hyphen), text.trimmed(hyphen + 1..<range.upperBound))
        }
        guard let address = address(text, range) else { return noAddress }
        return .network(IPNetwork(address))
    }

    /// The same for a text.
    static func read(_ string: String) -> Finding {
        let bytes = Array(string.utf8)
        return read(bytes.span, bytes.indices)
    }

    /// Two IPv6 addresses with a hyphen and blanks.
    private static var longest: Int { 100 }

    private static var noAddress: Finding {
        .problem(
            "no address",
            remedy: "write 203.0.113.7, 203.0.113.0/24, 2001:db8::7 or 2001:db8::/32; names aren't looked up")
    }

    private static func block(_ text: Span<UInt8>, _ host: Range<Int>, prefix: Range<Int>) -> Finding {
        guard let address = address(text, host) else { return noAddress }
        let width = address.family.bitWidth
        guard prefix.count <= 3, let length = text.integer(prefix), text[prefix.lowerBound].isDigit,
            length <= width
        else {
            return .problem("no prefix length", remedy: "write a number from 0 to \(width) behind the slash")
        }
        let network = IPNetwork(containing: address, prefixLength: Int(length))
        guard network.first == address else {
            return .problem(
                "bits behind the prefix",
                remedy: "write \(network) for the block, or \(address) for the one address")
        }
        return .network(network)
    }

    private static func span(_ text: Span<UInt8>, _ first: Range<Int>, _ last: Range<Int>) -> Finding {
        guard let first = address(text, first), let last = address(text, last) else { return noAddress }
        guard first.family == last.family, first <= last else {
            return .problem(
                "no range",
                remedy: "write the lower address first, both of the same family, or a block, 203.0.113.0/24")
        }
        return .range(first, last)
    }

    /// An address; IPv6 may stand in brackets.
    static func address(_ text: Span<UInt8>, _ range: Range<Int>) -> IPAddress? {
        if let address = IPv4Address(utf8: text.extracting(range)) { return .v4(address) }
        var range = range
        if range.count > 2, text[range.lowerBound] == UInt8(ascii: "["),
            text[range.upperBound - 1] == UInt8(ascii: "]")
        {
            range = range.lowerBound + 1..<range.upperBound - 1
        }
        guard range.count <= 45, text.first(UInt8(ascii: ":"), in: range) != nil else { return nil }
        return IPv6Address(text.string(range)).map { .v6($0) }
    }
}

extension BanListReading {
    /// The address or block that a text is; what is none is refused.
    ///
    /// - Parameter item: what to name in the refusal; nil: the text itself.
    mutating func network(_ text: String, line: Int, item: String? = nil) -> IPNetwork? {
        switch AddressText.read(text) {
        case .network(let network):
            return network
        case .range:
            refuse(
                .init("a range", line: line, item: item ?? text, remedy: "write it as blocks, 203.0.113.0/24")
            )
        case .problem(let problem, let remedy):
            refuse(.init(problem, line: line, item: item ?? text, remedy: remedy))
        }
        return nil
    }
}
