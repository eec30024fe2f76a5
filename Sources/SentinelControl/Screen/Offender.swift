// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// A ban, or an element that belongs to none, with what the kernel has refused because of it.
struct Offender: Hashable, Sendable, Identifiable {
    enum ID: Hashable, Sendable {
        case ban(Int64)
        case element(set: String, key: String)
    }

    var id: ID
    /// An address, a block or an endpoint.
    var key: String
    var set: String
    var check: Check?
    var peer: String?
    /// The ban's; for what somebody else has put there, its comment.
    var reason: String?
    var caller: String?
    var strikes: Int?
    var created: Timestamp?
    /// nil: it is for good.
    var ends: Timestamp?
    /// What the kernel has refused, each packet an attempt; nil where it isn't known.
    var packets: Int64?
    var bytes: Int64?

    /// The ban's number, where there is one.
    var ban: Int64? {
        if case .ban(let number) = id { number } else { nil }
    }

    /// What can be asked for it by. A range that is no block has no such form; its ban's number has.
    var subject: String {
        guard key.contains("-"), let ban else { return key }
        return "\(ban)"
    }

    init(_ ban: Ban) {
        id = .ban(ban.id)
        key = ban.key
        set = ban.set
        check = ban.check
        peer = ban.peer
        reason = ban.reason
        caller = ban.byOperator ? "operator \(ban.caller)" : ban.caller
        strikes = ban.strikes
        created = ban.created
        ends = ban.expires
    }

    /// What an element says of itself.
    init(_ element: SetElement, in set: String, at now: Timestamp) {
        let comment = element.comment.flatMap(ElementComment.init)
        id = element.ban.map(ID.ban) ?? .element(set: set, key: element.key)
        key = element.key
        self.set = set
        check = Check(set: set)
        peer = comment?.peer
        reason = comment?.reason ?? element.comment
        caller = comment.map { $0.byOperator ? "operator \($0.caller)" : $0.caller }
        strikes = comment?.strikes
        ends = element.remaining.map {
            Timestamp(rawValue: now.rawValue.addingReportingOverflow($0.rawValue).partialValue)
        }
    }

    /// Whether a text is part of what identifies or explains it; any is where the text is empty.
    func matches(_ text: String) -> Bool {
        guard !text.isEmpty else { return true }
        let wanted = text.lowercased()
        return [key, set, check?.rawValue, peer, reason, caller].contains {
            $0?.lowercased().contains(wanted) ?? false
        }
    }

    /// All that is known, of elements and of bans: a row for each ban, and for each element that has none.
    ///
    /// - Parameter bans: all that are in force, or none where they are too many to be asked for.
    /// - Parameter limit: how many elements of each set were asked for, of those that have refused something.
    static func all(elements: [SetInfo], bans: [Ban], limit: Int, at now: Timestamp) -> [Offender] {
        var rows: [ID: Offender] = [:]
        // Where there are fewer, those that aren't among them have refused nothing.
        let whole = Swift.Set(elements.filter { $0.elements?.count ?? 0 < limit }.map(\.name))
        for ban in bans {
            var row = Offender(ban)
            if whole.contains(ban.set) { (row.packets, row.bytes) = (0, 0) }
            rows[row.id] = row
        }
        for set in elements where Check(set: set.name) != nil || set.name.hasPrefix("feed") {
            for element in set.elements ?? [] {
                let row = Offender(element, in: set.name, at: now)
                // A block that others lie within is several elements of the kernel's.
                var known = rows[row.id] ?? row
                if let packets = element.packets { known.packets = (known.packets ?? 0) &+ packets }
                if let bytes = element.bytes { known.bytes = (known.bytes ?? 0) &+ bytes }
                rows[row.id] = known
            }
        }
        return Array(rows.values)
    }
}
