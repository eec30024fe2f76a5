// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// The file of monerod's `--ban-list`: an IP address or an IPv4 subnet a line, banned for good.
///
/// monerod reads an IPv6 address in brackets only, and no IPv6 subnet. Of a subnet whose prefix isn't whole octets it bans
/// other addresses than those (seen with 0.18: `192.0.2.128/25` bans 192.0.2.2, and not 192.0.2.129), so such a block is
/// written as the subnets or addresses of whole octets that it is made of.
public enum MoneroList: BanListFormat {
    public static func read(_ text: Span<UInt8>, now: ListTime) throws(BanListError) -> BanListReading {
        var reading = BanListReading()
        text.forEachLine { number, range in
            guard !range.isEmpty else { return }
            let hash = text.first(UInt8(ascii: "#"), in: range) ?? range.upperBound
            let entry = text.trimmed(range.lowerBound..<hash)
            guard !entry.isEmpty else {
                reading.comments += 1
                return
            }
            switch AddressText.read(text, entry) {
            case .network(let network):
                reading.take(BanEntry(.init(network), end: .forGood), line: number, now: now)
            case .range:
                reading.refuse(
                    .init(
                        "a range", line: number, item: text.string(entry),
                        remedy: "write it as subnets, 203.0.113.0/24, or give the file with --format plain"))
            case .problem(let problem, let remedy):
                reading.refuse(.init(problem, line: number, item: text.string(entry), remedy: remedy))
            }
        }
        return reading
    }

    public static func write(_ entries: [BanEntry], now: ListTime) -> BanListWriting {
        var writing = BanListWriting()
        for entry in entries {
            guard let hosts = MoneroHost.texts(entry.subject, &writing) else { continue }
            if case .at = entry.end { writing.omit(.parts, "ends, for monerod bans these for good") }
            writing.omitParts(of: entry, except: .end)
            for host in hosts { writing.append("\(host)\n") }
            writing.count += 1
        }
        return writing
    }
}

/// What monerod's RPC method `get_bans` answers, and what its command `bans` prints. Written is the request of
/// `set_bans`, which gives another monerod the same bans.
///
/// Source: monero, `src/rpc/core_rpc_server_commands_defs.h`.
public enum MoneroBans: BanListFormat {
    /// The last moment that monerod can hold, in seconds since 1970: it means for good.
    private static let last: Int64 = 0xFFFF_FFFF

    public static func read(_ text: Span<UInt8>, now: ListTime) throws(BanListError) -> BanListReading {
        var reading = BanListReading()
        var index = text.beginning
        while index < text.count, text[index].isBlank || text[index] == UInt8(ascii: "\n") { index += 1 }
        guard index < text.count, text[index] == UInt8(ascii: "{") else {
            text.forEachLine { number, range in takeLine(text, range, number, now, into: &reading) }
            return reading
        }
        let document = try JSONReader.document(text)
        let inner = document["result"] ?? document["params"] ?? document
        guard let bans = inner["bans"]?.array else {
            // get_bans leaves the list away where there is none.
            if inner["status"]?.string == "OK" { return reading }
            throw BanListError(
                line: document.line, "no bans in it",
                remedy: "give what get_bans answers, {\"result\": {\"bans\": […]}}")
        }
        for node in bans { take(node, now, into: &reading) }
        return reading
    }

    private static func take(_ node: JSONNode, _ now: ListTime, into reading: inout BanListReading) {
        let number = node["ip"]?.integer.flatMap { $0 == 0 ? nil : UInt32(exactly: $0) }
        let host = node["host"]?.string ?? number.map { IPv4Address(bits: $0.byteSwapped).description }
        func refuse(_ problem: String, _ remedy: String) {
            reading.refuse(
                .init(problem, line: node.line, item: host ?? "a ban without a host", remedy: remedy))
        }
        guard let host else {
            return refuse("no \"host\"", "say whom it is about, \"host\": \"203.0.113.7\"")
        }
        guard node["ban"]?.bool != false else {
            reading.ended += 1
            return
        }
        guard let seconds = node["seconds"]?.integer, let end = end(seconds, now) else {
            return refuse("no \"seconds\"", "say for how long, \"seconds\": 3600")
        }
        guard let network = reading.network(host, line: node.line) else { return }
        reading.take(BanEntry(.init(network), end: end), line: node.line, now: now)
    }

    /// `203.0.113.7 banned for 3595 seconds`, and the lines of its log that monerod prints around it.
    private static func takeLine(
        _ text: Span<UInt8>, _ range: Range<Int>, _ number: Int, _ now: ListTime,
        into reading: inout BanListReading
    ) {
        let line = withoutColours(text.string(range))
        guard !line.isEmpty else { return }
        let words = line.split(separator: " ")
        if words.count >= 2, CalendarText.time("\(words[0])T\(words[1].prefix(8))Z") != nil {
            reading.comments += 1
            return
        }
        func refuse(_ problem: String, _ remedy: String) {
            reading.refuse(.init(problem, line: number, item: line, remedy: remedy))
        }
        guard words.count == 5, words[1...2] == ["banned", "for"], words[4] == "seconds",
            let seconds = Int64(words[3]),
            let end = end(seconds, now)
        else { return refuse("no ban", "a line reads \"203.0.113.7 banned for 3600 seconds\"") }
        guard let network = reading.network(String(words[0]), line: number) else { return }
        reading.take(BanEntry(.init(network), end: end), line: number, now: now)
    }

    /// Without the sequences that set a terminal's colours (ECMA-48, SGR).
    private static func withoutColours(_ line: String) -> String {
        var text = ""
        var isInside = false
        for scalar in line.unicodeScalars {
            if scalar == "\u{1B}" {
                isInside = true
            } else if isInside {
                isInside = scalar != "m"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static func end(_ seconds: Int64, _ now: ListTime) -> BanEntry.End? {
        let (milliseconds, overflows) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflows, seconds >= 0 else { return nil }
        let end = now.advanced(by: milliseconds)
        // Within minutes, for the answer may be read some time after it was given.
        return end.secondsAfter >= last - 600 ? .forGood : .at(end)
    }

    public static func write(_ entries: [BanEntry], now: ListTime) -> BanListWriting {
        var writing = BanListWriting()
        let most = max(1, last - now.secondsBefore)
        writing.append(
            "{\"jsonrpc\": \"2.0\", \"id\": \"0\", \"method\": \"set_bans\", \"params\": {\"bans\": [")
        for entry in entries {
            guard let hosts = MoneroHost.texts(entry.subject, &writing) else { continue }
            var seconds = most
            switch entry.end {
            case .at(let end):
                let left = now.distance(to: end)
                seconds = min(most, max(1, left / 1000 + (left % 1000 > 0 ? 1 : 0)))
            case .forGood: break
            case .unstated: writing.omit(.parts, "ends that aren't known, written as for good")
            }
            writing.omitParts(of: entry, except: .end)
            writing.append(writing.count > 0 ? ",\n" : "\n")
            let bans = hosts.map { "{\"host\": \($0.asJSON), \"ban\": true, \"seconds\": \(seconds)}" }
            writing.append(bans.joined(separator: ",\n"))
            writing.count += 1
        }
        writing.append("\n]}}\n")
        return writing
    }
}

/// Whom monerod can ban, as it reads it.
private enum MoneroHost {
    static func texts(_ subject: BanEntry.Subject, _ writing: inout BanListWriting) -> [String]? {
        switch subject {
        case .address(let address): return [address.family == .ipv4 ? address.description : "[\(address)]"]
        case .block(let network):
            guard case .v4(let first) = network.first else {
                writing.omit(.bans, "bans of IPv6 blocks")
                return nil
            }
            return wholeOctets(first, network.prefixLength)
        case .endpoint:
            writing.omit(.bans, "bans of endpoints")
            return nil
        }
    }

    /// The subnets that a block is made of whose prefixes are whole octets: 128 at most, or addresses.
    private static func wholeOctets(_ first: IPv4Address, _ prefix: Int) -> [String] {
        let octets = max(8, (prefix + 7) / 8 * 8)
        return (0..<UInt32(1) << UInt32(octets - prefix)).map { index in
            let address = IPv4Address(bits: first.bits | index << UInt32(32 - octets))
            return octets == 32 ? address.description : "\(address)/\(octets)"
        }
    }
}
