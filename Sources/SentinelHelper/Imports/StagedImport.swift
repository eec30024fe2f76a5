// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Nftables
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
    /// How many subjects were named, those among them that are refused.
    private(set) var named = 0

    /// Takes a part in.
    ///
    /// - Returns: those of its subjects that can't be banned, whatever else there is.
    mutating func add(_ part: ImportPart) -> [ImportRefusal] {
        let request = BlockRequest(part)
        let reason = Result { () throws(RefusalError) in try request.validatedReason() }
        if case .success(let reason) = reason { parts.append(Part(request: request, reason: reason)) }
        var refused: [ImportRefusal] = []
        for subject in Self.subjects(of: part) {
            let text = String(decoding: subject, as: UTF8.self)
            do throws(RefusalError) {
                _ = try reason.get()
                let key = try Target(text, for: part.check).key(ipv6Prefix: IPv6Address.bitWidth)
                entries.append(
                    Entry(key: key, part: UInt32(parts.count - 1), index: UInt32(truncatingIfNeeded: named)))
            } catch {
                refused.append(ImportRefusal(index: named, subject: text, refusal: error.refusal))
            }
            named += 1
        }
        return refused
    }

    func refusal(_ entry: Entry, _ error: RefusalError) -> ImportRefusal {
        ImportRefusal(
            index: Int(entry.index), subject: Target(entry).description, refusal: error.refusal)
    }

    /// How many subjects a part names.
    static func count(_ part: ImportPart) -> Int { subjects(of: part).count }

    private static func subjects(of part: ImportPart) -> [Substring.UTF8View] {
        part.subjects.utf8.split(separator: UInt8(ascii: " "))
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

/// A ban of an import that is new, in 24 bytes.
struct ImportedBan: Sendable {
    /// The entry's place among those that were staged.
    let entry: UInt32
    let strikes: UInt16
    /// `.max`: never.
    var deadline: MonotonicMilliseconds
    /// None before it is entered.
    var id: UInt64 = 0
}

/// All new bans of an import that are elements of their own, with what is needed to write them anywhere.
struct ImportedBans: Sendable {
    let staged: StagedImport
    let caller: String
    let ipv6Prefix: Int
    /// When they were granted, and the same by the wall clock.
    let granted: MonotonicMilliseconds
    let created: Int64
    var bans = ContiguousArray<ImportedBan>()

    func key(_ ban: ImportedBan) -> BanKey {
        staged.entries[Int(ban.entry)].key.matching(ipv6Prefix: ipv6Prefix)
    }

    /// The ban as the book holds it.
    func record(_ ban: ImportedBan) -> BanRecord {
        let entry = staged.entries[Int(ban.entry)]
        let request = staged.parts[Int(entry.part)].request
        let key = entry.key.matching(ipv6Prefix: ipv6Prefix)
        return BanRecord(
            key: key, id: ban.id, deadline: ban.deadline == .max ? nil : ban.deadline, renewed: granted,
            created: created, strikes: Int(ban.strikes), reason: request.reason, caller: caller,
            isOperators: true, peer: request.peer, detail: request.detail,
            subject: key == entry.key ? nil : Target(entry).description)
    }
}

extension ImportedBans {
    /// A book with these bans as well.
    func entered(into book: BanBook) -> BanBook {
        var book = book
        if book.activeCount == 0 { book.reserve(bans.count) }
        for ban in bans { _ = book.enter(record(ban)) }
        return book
    }
}

extension BanKey {
    /// That of a source, by as many bits as the kernel matches.
    func matching(ipv6Prefix: Int) -> BanKey {
        set == .accept6 ? BanKey(source: address, ipv6Prefix: ipv6Prefix) : self
    }
}

// MARK: - As elements

/// The elements of a set's new bans, each made when it is written: a million of them are never a million values.
struct ImportedElements: Sequence {
    typealias Element = Nftables.Element

    let imported: ImportedBans
    let kind: SetKind
    /// When the kernel is given them.
    let now: MonotonicMilliseconds

    /// The kernel counts an element's time from when it comes to it. So long it takes for each, in nanoseconds.
    static var timeForEach: Int64 { 2000 }

    func makeIterator() -> Iterator { Iterator(elements: self) }

    struct Iterator: IteratorProtocol {
        let elements: ImportedElements
        private var position = 0
        /// The last comment, which is that of many bans in a row.
        private var comment: (part: UInt32, strikes: UInt16, text: String)?

        init(elements: ImportedElements) { self.elements = elements }

        mutating func next() -> Nftables.Element? {
            let imported = elements.imported
            while position < imported.bans.count {
                let ban = imported.bans[position]
                position += 1
                let key = imported.key(ban)
                guard key.set == elements.kind else { continue }
                let now = elements.now + Int64(position) * ImportedElements.timeForEach / 1_000_000
                let timeout: Duration =
                    ban.deadline == .max ? .zero : .milliseconds(Swift.max(1, ban.deadline - now))
                return Nftables.Element(key.elementKey, timeout: timeout, comment: text(ban))
            }
            return nil
        }

        private mutating func text(_ ban: ImportedBan) -> String {
            let part = elements.imported.staged.entries[Int(ban.entry)].part
            if let comment, comment.part == part, comment.strikes == ban.strikes { return comment.text }
            let text = BanComment(elements.imported.record(ban)).text
            comment = (part, ban.strikes, text)
            return text
        }
    }
}
