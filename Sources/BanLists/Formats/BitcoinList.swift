// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// `banlist.json`, in which Bitcoin Core keeps its bans from 22.0 on, and programs that came of it.
///
/// Source: Bitcoin Core, `src/addrdb.cpp` and `src/net_types.cpp` (`BanMapToJson`).
public enum BitcoinList: BanListFormat {
    public static func read(_ text: Span<UInt8>, now: ListTime) throws(BanListError) -> BanListReading {
        try BitcoinBans.read(text, now: now)
    }

    public static func write(_ entries: [BanEntry], now: ListTime) -> BanListWriting {
        BitcoinBans.write(entries, now: now, head: "{\n  \"banned_nets\": [", tail: "]\n}\n") { ban in
            """
            {
                "version": 1,
                "ban_created": \(ban.created),
                "banned_until": \(ban.until),
                "address": \(ban.address.asJSON)
              }
            """
        }
    }
}

/// What `listbanned` answers, of Bitcoin Core, Litecoin Core and others of their kind.
///
/// Source: Bitcoin Core, `src/rpc/net.cpp`. `ban_duration` and `time_remaining` are there from 22.0 on.
public enum BitcoinListBanned: BanListFormat {
    public static func read(_ text: Span<UInt8>, now: ListTime) throws(BanListError) -> BanListReading {
        try BitcoinBans.read(text, now: now)
    }

    public static func write(_ entries: [BanEntry], now: ListTime) -> BanListWriting {
        BitcoinBans.write(entries, now: now, head: "[", tail: "]\n") { ban in
            """
            {
                "address": \(ban.address.asJSON),
                "ban_created": \(ban.created),
                "banned_until": \(ban.until),
                "ban_duration": \(ban.until.subtractingReportingOverflow(ban.created).partialValue),
                "time_remaining": \(max(0, ban.until.subtractingReportingOverflow(now.secondsBefore).partialValue))
              }
            """
        }
    }
}

/// What both have in common: blocks with the seconds since 1970 at which the ban came and will end.
private enum BitcoinBans {
    struct Ban {
        var address: String
        var created: Int64
        var until: Int64
    }

    static func read(_ text: Span<UInt8>, now: ListTime) throws(BanListError) -> BanListReading {
        let document = try JSONReader.document(text)
        guard let nodes = document["banned_nets"]?.array ?? document.array ?? document["result"]?.array else {
            throw BanListError(
                line: document.line, "no list of bans in it",
                remedy: "give banlist.json, {\"banned_nets\": […]}, or what listbanned answers, […]")
        }
        var reading = BanListReading()
        reading.reserve(nodes.count)
        for node in nodes { take(node, now: now, into: &reading) }
        return reading
    }

    private static func take(_ node: JSONNode, now: ListTime, into reading: inout BanListReading) {
        func refuse(_ problem: String, _ item: String, _ remedy: String) {
            reading.refuse(.init(problem, line: node.line, item: item, remedy: remedy))
        }
        guard let address = node["address"]?.string else {
            return refuse(
                "no \"address\"", "an entry without one",
                "say whom it is about, \"address\": \"203.0.113.7/32\"")
        }
        if let version = node["version"]?.integer, version != 1 {
            return refuse(
                "version \(version)", address,
                "only entries of version 1 are known; newer ones say something else")
        }
        guard let until = node["banned_until"]?.integer.map({ ListTime(seconds: $0) }) else {
            return refuse("no \"banned_until\"", address, "say until when, in seconds since 1970")
        }
        if address.hasSuffix(".onion") || address.hasSuffix(".i2p") {
            return refuse(
                "no IP address", address,
                "the kernel sees no address of an overlay network; ban it in the node itself")
        }
        guard let network = reading.network(address, line: node.line) else { return }
        let created = node["ban_created"]?.integer.map { ListTime(seconds: $0) }
        reading.take(
            BanEntry(.init(network), created: created, end: .at(until)), line: node.line, now: now)
    }

    static func write(
        _ entries: [BanEntry], now: ListTime, head: String, tail: String, _ text: (Ban) -> String
    ) -> BanListWriting {
        var writing = BanListWriting()
        writing.append(head)
        for entry in entries {
            guard let network = entry.subject.network else {
                writing.omit(.bans, "bans of endpoints")
                continue
            }
            var until = now.advanced(by: ListTime.lengthForGood).secondsAfter
            switch entry.end {
            case .at(let end): until = end.secondsAfter
            case .forGood: writing.omit(.parts, "ends that never come, written as in a hundred years")
            case .unstated: writing.omit(.parts, "ends that aren't known, written as in a hundred years")
            }
            writing.omitParts(of: entry, except: [.created, .end])
            writing.append(writing.count > 0 ? ",\n  " : "\n  ")
            writing.append(
                text(
                    Ban(
                        address: network.description, created: (entry.created ?? now).secondsBefore,
                        until: until)))
            writing.count += 1
        }
        writing.append(writing.count > 0 ? "\n" : "")
        writing.append(tail)
        return writing
    }
}
