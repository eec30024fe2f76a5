// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Nftables

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

/// All new bans of an import that are elements of their own, in the order of their keys, with what is needed to write
/// them anywhere.
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

    /// Where the bans of a set are.
    func places(in kind: SetKind) -> Range<Int> {
        let start = bans.firstPlace { key($0).set.rawValue >= kind.rawValue }
        return start..<bans[start...].firstPlace { key($0).set.rawValue > kind.rawValue }
    }

    /// Whether a ban has this key.
    func holds(_ sought: BanKey) -> Bool {
        let place = bans.firstPlace { key($0) >= sought }
        return place < bans.count && key(bans[place]) == sought
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

    let kind: SetKind
    private let imported: ImportedBans
    private let places: Range<Int>
    /// When the kernel is given them.
    private let now: MonotonicMilliseconds

    init(of kind: SetKind, in imported: ImportedBans, now: MonotonicMilliseconds) {
        self.kind = kind
        self.imported = imported
        places = imported.places(in: kind)
        self.now = now
    }

    var underestimatedCount: Int { places.count }

    /// The kernel counts an element's time from when it comes to it. So long it takes for each, in nanoseconds, where it is
    /// quick: none of them may end before its time.
    static var timeForEach: Int64 { 1000 }

    func makeIterator() -> Iterator { Iterator(self) }

    struct Iterator: IteratorProtocol {
        private let elements: ImportedElements
        private var position: Int
        /// The last comment, which is that of many bans in a row.
        private var comment: (part: UInt32, strikes: UInt16, text: String)?

        fileprivate init(_ elements: ImportedElements) {
            self.elements = elements
            position = elements.places.lowerBound
        }

        mutating func next() -> Nftables.Element? {
            guard position < elements.places.upperBound else { return nil }
            let ban = elements.imported.bans[position]
            position += 1
            let now = elements.now + Int64(position) * ImportedElements.timeForEach / 1_000_000
            let timeout: Duration =
                ban.deadline == .max ? .zero : .milliseconds(Swift.max(1, ban.deadline - now))
            return Nftables.Element(
                elements.imported.key(ban).elementKey, timeout: timeout, comment: text(ban))
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
