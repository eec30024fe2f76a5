// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// Counts the packets of elements that have refused most in their sets.
struct PacketTally: Sendable {
    private(set) var prefixes = PrefixTally()
    /// Whether no set had more elements that have refused a packet than were asked for.
    private(set) var hasAll = true
    private(set) var offenders: [ReportFigures.Offender] = []

    /// How many elements of a set are asked for: the most that the helper gives.
    static var mostOfSet: Int { 1000 }
    static var mostOffenders: Int { 20 }

    /// A set, whole, with the elements that have refused most.
    mutating func add(_ set: SetInfo) {
        let elements = (set.elements ?? []).filter { ($0.packets ?? 0) > 0 }
        if elements.count >= Self.mostOfSet { hasAll = false }
        for element in elements { prefixes.add(element.key, element.packets ?? 0) }
        let more = elements.map {
            ReportFigures.Offender(
                key: $0.key, set: set.name, packets: $0.packets, bytes: $0.bytes, comment: $0.comment)
        }
        let best = (offenders + more).sorted {
            ($0.packets ?? 0) == ($1.packets ?? 0) ? $0.key < $1.key : ($0.packets ?? 0) > ($1.packets ?? 0)
        }
        for element in elements {
            if let ban = element.ban { bans[Name(set: set.name, key: element.key)] = ban }
        }
        offenders = Array(best.prefix(Self.mostOffenders))
        let named = Set(offenders.map { Name(set: $0.set, key: $0.key) })
        bans = bans.filter { named.contains($0.key) }
    }

    private struct Name: Hashable, Sendable {
        var set: String
        var key: String
    }

    /// The bans of the offenders.
    private var bans: [Name: Int64] = [:]

    /// The bans that the offenders' elements belong to.
    var wanted: Set<Int64> { Set(bans.values) }

    /// The offenders, each with its ban where that was found.
    func offenders(with found: [Int64: Ban]) -> [ReportFigures.Offender] {
        offenders.map { offender in
            var offender = offender
            offender.ban = bans[Name(set: offender.set, key: offender.key)].flatMap { found[$0] }
            return offender
        }
    }
}
