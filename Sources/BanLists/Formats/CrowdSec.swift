// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import PlainText

/// The list of decisions that `cscli decisions import` takes. Read is what `cscli decisions list -o json` and the local
/// API give as well, and a decision a line.
///
/// Source: CrowdSec, `pkg/models/decision.go`, `cmd/crowdsec-cli/decisions.go`.
public enum CrowdSecDecisions: BanListFormat {
    public static func read(_ text: Span<UInt8>, now: ListTime) throws(BanListError) -> BanListReading {
        try Decisions.read(text, now: now)
    }

    public static func write(_ entries: [BanEntry], now: ListTime) -> BanListWriting {
        Decisions.write(entries, now: now, head: "[", tail: "]\n") { entry, _ in
            var members: [String] = []
            switch entry.end {
            case .at(let end): members.append("\"duration\": \(Decisions.duration(now, end).asJSON)")
            case .forGood: members.append("\"duration\": \(Decisions.forGood.asJSON)")
            case .unstated: break
            }
            if let origin = entry.origin { members.append("\"origin\": \(origin.asJSON)") }
            if let reason = entry.reason { members.append("\"reason\": \(reason.asJSON)") }
            return members
        }
    }
}

/// What a bouncer gets of CrowdSec's local API: `{"new": […], "deleted": […]}`.
public enum CrowdSecStream: BanListFormat {
    public static func read(_ text: Span<UInt8>, now: ListTime) throws(BanListError) -> BanListReading {
        try Decisions.read(text, now: now)
    }

    public static func write(_ entries: [BanEntry], now: ListTime) -> BanListWriting {
        Decisions.write(entries, now: now, head: "{\"deleted\": null, \"new\": [", tail: "]}\n") {
            entry, index in
            let duration =
                if case .at(let end) = entry.end { Decisions.duration(now, end) } else { Decisions.forGood }
            return [
                "\"duration\": \(duration.asJSON)", "\"id\": \(index + 1)",
                "\"origin\": \((entry.origin ?? "").asJSON)", "\"scenario\": \((entry.reason ?? "").asJSON)",
            ]
        }
    }
}

private enum Decisions {
    static let forGood = GoDuration.text(milliseconds: ListTime.lengthForGood)

    /// What is left of it, at least a millisecond, for none at all would be over.
    static func duration(_ now: ListTime, _ end: ListTime) -> String {
        GoDuration.text(milliseconds: min(max(1, now.distance(to: end)), ListTime.lengthForGood))
    }

    static func read(_ text: Span<UInt8>, now: ListTime) throws(BanListError) -> BanListReading {
        var reader = DecisionReader(now: now)
        let (document, isAll) = try JSONReader.first(text)
        guard isAll else {
            guard document["value"] != nil || document["decisions"] != nil else {
                throw BanListError(
                    line: document.line, "something behind the end of the JSON",
                    remedy: "give one JSON document, or one decision a line")
            }
            text.forEachLine { number, range in
                guard !range.isEmpty else { return }
                do throws(BanListError) {
                    reader.take(try JSONReader.one(text, range, line: number))
                } catch {
                    reader.reading.refuse(
                        .init(
                            error.problem, line: number, item: text.string(range),
                            remedy: "write one decision as JSON"))
                }
            }
            return reader.reading
        }
        // What cscli prints where there is none.
        if document.isNull { return reader.reading }
        if document.members?.contains(where: { ["new", "deleted"].contains($0.key) }) == true {
            for node in document["new"]?.array ?? [] { reader.take(node) }
            reader.reading.ended += document["deleted"]?.array?.count ?? 0
        } else if document["value"] != nil || document["decisions"] != nil {
            reader.take(document)
        } else if let nodes = document.array {
            for node in nodes { reader.take(node) }
        } else {
            throw BanListError(
                line: document.line, "no decisions in it",
                remedy: "give what \"cscli decisions list -o json\" prints, or an array of decisions")
        }
        return reader.reading
    }

    static func write(
        _ entries: [BanEntry], now: ListTime, head: String, tail: String,
        _ members: (_ entry: BanEntry, _ index: Int) -> [String]
    ) -> BanListWriting {
        var writing = BanListWriting()
        writing.append(head)
        for entry in entries {
            let (scope, value): (String, String)
            switch entry.subject {
            case .address(let address): (scope, value) = ("Ip", address.description)
            case .block(let network): (scope, value) = ("Range", network.description)
            case .endpoint:
                writing.omit(.bans, "bans of endpoints")
                continue
            }
            if entry.end == .forGood {
                writing.omit(.parts, "ends that never come, written as in a hundred years")
            }
            writing.omitParts(of: entry, except: [.end, .reason, .origin])
            let rest = ["\"scope\": \(scope.asJSON)", "\"type\": \"ban\"", "\"value\": \(value.asJSON)"]
            writing.append(writing.count > 0 ? ",\n" : "\n")
            writing.append("{" + (members(entry, writing.count) + rest).joined(separator: ", ") + "}")
            writing.count += 1
        }
        writing.append(writing.count > 0 ? "\n" : "")
        writing.append(tail)
        return writing
    }
}

/// Takes decisions one by one.
private struct DecisionReader {
    let now: ListTime
    var reading = BanListReading()
    /// The last one's, for neighbours mostly have the same.
    private var notes: BanEntry.Notes?

    init(now: ListTime) {
        self.now = now
    }

    /// A decision, or an alert with decisions within it.
    mutating func take(_ node: JSONNode) {
        guard let within = node["decisions"]?.array else { return take(node, created: nil) }
        let created = node["created_at"]?.string.flatMap(CalendarText.time)
        for decision in within { take(decision, created: created) }
    }

    private mutating func take(_ node: JSONNode, created: ListTime?) {
        guard let value = node["value"]?.string else {
            return refuse(
                node, "no \"value\"", "a decision without one",
                "say whom it is about, \"value\": \"203.0.113.7\"")
        }
        let scope = node["scope"]?.string ?? "Ip"
        let type = node["type"]?.string ?? "ban"
        guard ["ip", "range"].contains(scope.lowercased()) else {
            return refuse(
                node, "scope \(scope.excerpt)", "\(scope) \(value)",
                "the kernel sees addresses only; decide on scope Ip or Range, or leave it to a bouncer that knows it"
            )
        }
        guard type.lowercased() == "ban" else {
            return refuse(
                node, "type \(type.excerpt)", value,
                "only a ban can be enforced here; leave it to a bouncer that does it")
        }
        if node["simulated"]?.bool == true {
            return refuse(
                node, "a simulated decision", value, "end the simulation of its scenario to have it enforced")
        }
        guard let network = reading.network(value, line: node.line) else { return }
        var end = BanEntry.End.unstated
        if let duration = node["duration"] {
            guard let length = duration.string.flatMap(GoDuration.milliseconds) else {
                return refuse(
                    node, "no duration", "\(value) for \(duration.string ?? "what is no text")",
                    "write hours, minutes and seconds, \"3h59m59.5s\"")
            }
            end = .at(now.advanced(by: length))
        }
        let entry = BanEntry(.init(network), created: created, end: end, notes: notes(of: node))
        reading.take(entry, line: node.line, now: now)
    }

    private mutating func notes(of node: JSONNode) -> BanEntry.Notes? {
        func text(_ key: String) -> String? { node[key]?.string.flatMap { $0.isEmpty ? nil : $0 } }
        let reason = text("scenario") ?? text("reason")
        let origin = text("origin")
        guard reason != nil || origin != nil else { return nil }
        if let notes, notes.reason == reason, notes.origin == origin { return notes }
        notes = BanEntry.Notes(reason: reason, origin: origin)
        return notes
    }

    private mutating func refuse(_ node: JSONNode, _ problem: String, _ item: String, _ remedy: String) {
        reading.refuse(.init(problem, line: node.line, item: item, remedy: remedy))
    }
}
