// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel

/// Our own: a ban a line as JSON, as `sentinelctl list --json` prints it. Nothing is lost.
///
/// Source: the type `BanRecord` of the helper's interface.
public enum SentinelLines: BanListFormat {
    public static func read(_ text: Span<UInt8>, now: ListTime) throws(BanListError) -> BanListReading {
        var reading = BanListReading()
        text.forEachLine { number, range in
            guard !range.isEmpty else { return }
            do throws(BanListError) {
                take(try JSONReader.one(text, range, line: number), now, into: &reading)
            } catch {
                reading.refuse(
                    .init(
                        "no JSON: \(error.problem)", line: number, item: text.string(range),
                        remedy: "give a ban a line, as \"sentinelctl list --json\" prints it"))
            }
        }
        return reading
    }

    private static func take(_ node: JSONNode, _ now: ListTime, into reading: inout BanListReading) {
        let text = node["subject"]?.string
        func refuse(_ problem: String, _ remedy: String) {
            reading.refuse(
                .init(problem, line: node.line, item: text ?? "a line without a subject", remedy: remedy))
        }
        guard let text else {
            return refuse("no \"subject\"", "say whom it is about, \"subject\": \"203.0.113.7\"")
        }
        guard let subject = subject(text, check: node["check"]?.string) else {
            return refuse(
                "no subject that the kernel can match",
                "write an address, a block, an endpoint or a multiaddr that fits \"check\"")
        }
        for key in ["created", "expires", "granted", "id", "strikes"]
        where node[key] != nil && node[key]?.integer == nil {
            return refuse("no whole number under \"\(key)\"", "times are milliseconds since 1970")
        }
        let notes = BanEntry.Notes(
            reason: node["reason"]?.string, detail: node["detail"]?.string, peer: node["peer"]?.string,
            record: record(node, subject: text))
        let isEmpty = notes == BanEntry.Notes()
        reading.take(
            BanEntry(
                subject, created: node["created"]?.integer.map { ListTime(milliseconds: $0) },
                end: node["expires"]?.integer.map { .at(ListTime(milliseconds: $0)) } ?? .forGood,
                notes: isEmpty ? nil : notes),
            line: node.line, now: now, isExact: true)
    }

    /// Whom a subject means, which the check decides for a multiaddr: its address or its endpoint.
    private static func subject(_ text: String, check: String?) -> BanEntry.Subject? {
        if text.first == "/" {
            guard let match = (try? Multiaddr(parsing: text))?.kernelMatch, match.unmatchable == nil else {
                return nil
            }
            return check == "dial" ? match.endpoint.map { .endpoint($0) } : match.address.map { .address($0) }
        }
        switch check {
        case "accept": return IPAddress(text).map { .init(IPNetwork($0)) }
        case "dial": return Endpoint(text).map { .endpoint($0) }
        case "network": return IPNetwork(text).map { .init($0) }
        default: return IPNetwork(text).map { .init($0) } ?? Endpoint(text).map { .endpoint($0) }
        }
    }

    /// The rest, where all of it is there.
    private static func record(_ node: JSONNode, subject: String) -> BanEntry.Record? {
        guard let id = node["id"]?.integer, let check = node["check"]?.string, let key = node["key"]?.string,
            let set = node["set"]?.string, let caller = node["caller"]?.string,
            let byOperator = node["operator"]?.bool, let strikes = node["strikes"]?.integer,
            let durable = node["durable"]?.bool
        else { return nil }
        return BanEntry.Record(
            id: id, check: check, subject: subject, key: key, set: set, caller: caller,
            byOperator: byOperator,
            granted: node["granted"]?.integer, strikes: strikes, durable: durable)
    }

    public static func write(_ entries: [BanEntry], now: ListTime) -> BanListWriting {
        var writing = BanListWriting()
        for entry in entries {
            if entry.end == .unstated { writing.omit(.parts, "ends that aren't known, written as for good") }
            writing.omitParts(of: entry, except: [.created, .end, .reason, .detail, .peer])
            let members = members(entry).map { "\"\($0)\":\($1)" }
            writing.append("{\(members.joined(separator: ","))}\n")
            writing.count += 1
        }
        return writing
    }

    /// In the order of their names.
    private static func members(_ entry: BanEntry) -> [(String, String)] {
        let record = entry.notes?.record
        var expires: Int64?
        if case .at(let end) = entry.end { expires = end.milliseconds }
        let check =
            switch entry.subject {
            case .address: "accept"
            case .block: "network"
            case .endpoint: "dial"
            }
        let members: [(String, String?)] = [
            ("caller", record?.caller.asJSON), ("check", (record?.check ?? check).asJSON),
            ("created", entry.created.map { "\($0.milliseconds)" }), ("detail", entry.detail?.asJSON),
            ("durable", record.map { "\($0.durable)" }), ("expires", expires.map { "\($0)" }),
            ("granted", record?.granted.map { "\($0)" }), ("id", record.map { "\($0.id)" }),
            ("key", record?.key.asJSON), ("operator", record.map { "\($0.byOperator)" }),
            ("peer", entry.peer?.asJSON), ("reason", entry.reason?.asJSON), ("set", record?.set.asJSON),
            ("strikes", record.map { "\($0.strikes)" }),
            ("subject", (record?.subject ?? entry.subject.description).asJSON),
        ]
        return members.compactMap { name, value in value.map { (name, $0) } }
    }
}
