// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import PlainText

/// What `fail2ban-client banned` prints: `[{'sshd': ['203.0.113.7']}]`, as Python writes it, or the same as JSON.
///
/// It has the jails with their addresses, and no times.
public enum Fail2banBanned: BanListFormat {
    public static func read(_ text: Span<UInt8>, now: ListTime) throws(BanListError) -> BanListReading {
        let document = try JSONReader.document(text)
        var reading = BanListReading()
        for node in document.array ?? [document] {
            guard let jails = node.members else {
                throw BanListError(
                    line: node.line, "no jails with their addresses",
                    remedy: "give what \"fail2ban-client banned\" prints, without an address behind it")
            }
            for jail in jails { take(jail, now, into: &reading) }
        }
        return reading
    }

    private static func take(_ jail: JSONNode.Member, _ now: ListTime, into reading: inout BanListReading) {
        guard let addresses = jail.node.array else {
            reading.refuse(
                .init(
                    "a jail without a list", line: jail.node.line, item: jail.key,
                    remedy: "write the addresses in brackets, {\"\(jail.key.excerpt)\": [\"203.0.113.7\"]}"))
            return
        }
        let notes = BanEntry.Notes(reason: jail.key)
        for node in addresses {
            let text = node.string ?? ""
            if let network = reading.network(text, line: node.line, item: "\(jail.key): \(text)") {
                reading.take(BanEntry(.init(network), notes: notes), line: node.line, now: now)
            }
        }
    }

    public static func write(_ entries: [BanEntry], now: ListTime) -> BanListWriting {
        var writing = BanListWriting()
        var jails: [(name: String, addresses: [String])] = []
        var known: [String: Int] = [:]
        for entry in entries {
            guard entry.subject.network != nil else {
                writing.omit(.bans, "bans of endpoints")
                continue
            }
            let name = entry.reason ?? "sentinel"
            let jail = known[name, default: jails.count]
            if jail == jails.count {
                jails.append((name, []))
                known[name] = jail
            }
            jails[jail].addresses.append(python(entry.subject.description))
            writing.omitParts(of: entry, except: .reason)
            writing.count += 1
        }
        let lists = jails.map { "{\(python($0.name)): [\($0.addresses.joined(separator: ", "))]}" }
        writing.append("[\(lists.joined(separator: ", "))]\n")
        return writing
    }

    /// A string as Python's repr has it, in single quotation marks.
    private static func python(_ text: String) -> String {
        let inner = text.asJSON.dropFirst().dropLast().replacing("\\\"", with: "\"").replacing(
            "'", with: "\\'")
        return "'\(inner)'"
    }
}
