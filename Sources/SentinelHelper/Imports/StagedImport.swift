// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel
internal import SentinelProtocol

/// What a connection has named of a list, until it says that this was all. Nothing of it is banned before.
struct StagedImport: Sendable {
    /// What bans have in common.
    struct Part: Sendable {
        /// Its subject is none.
        let request: BlockRequest
        let reason: Reason
    }

    /// A subject, in 32 bytes.
    struct Entry: Sendable {
        /// What was named: of an IPv6 source all bits.
        let key: BanKey
        /// The number of its part.
        let part: UInt32
        /// Its number in the import.
        let index: UInt32
    }

    private(set) var parts: [Part] = []
    private(set) var entries = ContiguousArray<Entry>()
    private var isOrdered = true
    /// How many subjects were named, those among them that are refused.
    private(set) var named = 0

    /// Takes a part in.
    ///
    /// - Returns: those of its subjects that can't be banned, whatever else there is.
    mutating func add(_ part: ImportPart) -> [ImportRefusal] {
        let request = BlockRequest(part)
        let reason = Result { () throws(RefusalError) in try request.validatedReason() }
        // The calls of one list mostly say the same of all of it.
        if case .success(let reason) = reason, parts.last?.request != request {
            parts.append(Part(request: request, reason: reason))
        }
        var refused: [ImportRefusal] = []
        let text = part.subjects.utf8.span
        Self.forEachSubject(in: text) { range in
            do throws(RefusalError) {
                _ = try reason.get()
                append(try Self.target(text, range, for: part.check).key(ipv6Prefix: IPv6Address.bitWidth))
            } catch {
                refused.append(
                    ImportRefusal(index: named, subject: text.string(range), refusal: error.refusal))
            }
            named += 1
        }
        return refused
    }

    private mutating func append(_ key: BanKey) {
        if let last = entries.last, key < last.key { isOrdered = false }
        entries.append(
            Entry(key: key, part: UInt32(parts.count - 1), index: UInt32(truncatingIfNeeded: named)))
    }

    /// Most subjects of most lists are IPv4 addresses: those are read without a string.
    private static func target(
        _ text: Span<UInt8>, _ range: Range<Int>, for check: Check
    ) throws(RefusalError) -> Target {
        if check == .accept, let address = IPv4Address(utf8: text.extracting(range)) {
            return .address(.v4(address))
        }
        return try Target(text.string(range), for: check)
    }

    /// Brings the subjects into the order of their keys, in which lists come that were sorted: those with the same key stand
    /// together then, the first that was named in front, and so do those of a set.
    mutating func order() {
        guard !isOrdered else { return }
        var places = entries.indices.map { (rank: entries[$0].key.rank, place: UInt32($0)) }
        places.sort { one, other in
            if one.rank != other.rank { return one.rank < other.rank }
            let (a, b) = (entries[Int(one.place)], entries[Int(other.place)])
            return a.key == b.key ? a.index < b.index : a.key < b.key
        }
        entries = ContiguousArray(places.lazy.map { [entries] in entries[Int($0.place)] })
        isOrdered = true
    }

    func refusal(_ entry: Entry, _ error: RefusalError) -> ImportRefusal {
        ImportRefusal(
            index: Int(entry.index), subject: Target(entry).description, refusal: error.refusal)
    }

    /// How many subjects a part names.
    static func count(_ part: ImportPart) -> Int {
        var count = 0
        forEachSubject(in: part.subjects.utf8.span) { _ in count += 1 }
        return count
    }

    /// Subjects stand with spaces between them.
    private static func forEachSubject(in text: Span<UInt8>, _ body: (Range<Int>) -> Void) {
        var start = 0
        for index in text.indices where text[index] == UInt8(ascii: " ") {
            if start < index { body(start..<index) }
            start = index + 1
        }
        if start < text.count { body(start..<text.count) }
    }
}

extension Span<UInt8> {
    fileprivate func string(_ range: Range<Int>) -> String {
        extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
}

/// What the bans of a part are granted by.
struct ImportTerms {
    let number: UInt32
    let part: StagedImport.Part
    let schedule: DurationSchedule

    init(_ number: UInt32, of staged: StagedImport, _ schedules: DurationSchedules<Check>) {
        self.number = number
        part = staged.parts[Int(number)]
        schedule = schedules.schedule(check: part.request.check, reason: part.reason)
    }
}

/// The terms of parts, of which some are kept: subjects of few parts may stand in turn.
struct RecentTerms {
    private let staged: StagedImport
    private let schedules: DurationSchedules<Check>
    private var last: ImportTerms?
    private var known: [UInt32: ImportTerms] = [:]

    init(_ staged: StagedImport, _ schedules: DurationSchedules<Check>) {
        self.staged = staged
        self.schedules = schedules
    }

    private static var most: Int { 1000 }

    subscript(_ part: UInt32) -> ImportTerms {
        mutating get {
            if let last, last.number == part { return last }
            let terms = known[part] ?? ImportTerms(part, of: staged, schedules)
            if known.count >= Self.most { known = [:] }
            known[part] = terms
            last = terms
            return terms
        }
    }
}

extension Target {
    /// What an entry of an import names.
    init(_ entry: StagedImport.Entry) {
        if let endpoint = entry.key.endpoint {
            self = .endpoint(endpoint)
        } else if let network = entry.key.network {
            self = .network(network)
        } else {
            self = .address(entry.key.address)
        }
    }
}
