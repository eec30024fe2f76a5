// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// sshguard's blacklist: `1610000000|100|4|203.0.113.7`, a line for each address that is banned for good.
///
/// The fields are when it came, in seconds since 1970, the number of the service that was attacked, 4 or 6 for the
/// address family, and the address. Source: sshguard, `src/blocker/blacklist.c`.
public enum SSHGuardBlacklist: BanListFormat {
    /// The service that isn't known: SSH, which is the first that sshguard knew.
    private static let service = "100"

    public static func read(_ text: Span<UInt8>, now: ListTime) throws(BanListError) -> BanListReading {
        var reading = BanListReading()
        text.forEachLine { number, range in
            guard let first = range.first else { return }
            guard text[first] != UInt8(ascii: "#") else {
                reading.comments += 1
                return
            }
            take(text, range, number, now, into: &reading)
        }
        return reading
    }

    private static func take(
        _ text: Span<UInt8>, _ range: Range<Int>, _ number: Int, _ now: ListTime,
        into reading: inout BanListReading
    ) {
        let fields = fields(text, range)
        func refuse(_ problem: String, _ remedy: String) {
            reading.refuse(.init(problem, line: number, item: text.string(range), remedy: remedy))
        }
        guard fields.count == 4 else {
            return refuse(
                "not four fields", "write time|service|4 or 6|address, as 1610000000|100|4|203.0.113.7")
        }
        guard let created = text.integer(fields[0]).map({ ListTime(seconds: $0) }) else {
            return refuse("no time", "the first field is in seconds since 1970")
        }
        guard let service = text.integer(fields[1]) else {
            return refuse("no service", "the second field is the number of a service, 100 for SSH")
        }
        guard let address = AddressText.address(text, fields[3]) else {
            return refuse(
                "no address", "the fourth field is one IPv4 or IPv6 address; sshguard knows no blocks")
        }
        guard text.integer(fields[2]) == (address.family == .ipv4 ? 4 : 6) else {
            return refuse("another address family", "the third field is 4 for IPv4 and 6 for IPv6")
        }
        let notes = BanEntry.Notes(origin: "\(service)")
        reading.take(
            BanEntry(.init(IPNetwork(address)), created: created, end: .forGood, notes: notes), line: number,
            now: now)
    }

    private static func fields(_ text: Span<UInt8>, _ range: Range<Int>) -> [Range<Int>] {
        var fields: [Range<Int>] = []
        var start = range.lowerBound
        while let bar = text.first(UInt8(ascii: "|"), in: start..<range.upperBound), fields.count < 5 {
            fields.append(text.trimmed(start..<bar))
            start = bar + 1
        }
        return fields + [text.trimmed(start..<range.upperBound)]
    }

    public static func write(_ entries: [BanEntry], now: ListTime) -> BanListWriting {
        var writing = BanListWriting()
        for entry in entries {
            guard case .address(let address) = entry.subject else {
                writing.omit(.bans, entry.subject.network == nil ? "bans of endpoints" : "bans of blocks")
                continue
            }
            if case .at = entry.end { writing.omit(.parts, "ends, for sshguard bans these for good") }
            let service = entry.origin.flatMap { Int64($0) }
            writing.omitParts(
                of: entry, except: service == nil ? [.created, .end] : [.created, .end, .origin])
            let created = (entry.created ?? now).secondsBefore
            let family = address.family == .ipv4 ? 4 : 6
            writing.append("\(created)|\(service.map { "\($0)" } ?? Self.service)|\(family)|\(address)\n")
            writing.count += 1
        }
        return writing
    }
}
