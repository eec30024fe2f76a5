// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText

/// A format in which programs keep or show their bans.
public protocol BanListFormat {
    /// Reads a list. What can't be taken is refused one by one; what has ended is counted.
    ///
    /// - Parameters:
    ///   - text: the whole list, as bytes.
    ///   - now: the present, which what has ended and how long something lasts is seen from.
    /// - Throws: where the whole isn't in this format, or is cut off; nothing of it is taken then.
    static func read(_ text: Span<UInt8>, now: ListTime) throws(BanListError) -> BanListReading

    /// Writes a list. What the format can't hold is counted.
    static func write(_ entries: [BanEntry], now: ListTime) -> BanListWriting
}

/// Why a list can't be read at all.
public struct BanListError: Error, Hashable, Sendable {
    /// Counted from 1; nil where it is no matter of a line.
    public var line: Int?
    public var problem: String
    public var remedy: String

    public init(line: Int? = nil, _ problem: String, remedy: String) {
        self.line = line
        self.problem = problem
        self.remedy = remedy
    }
}

/// What became of a list that was read. Nothing in it is left out without being in one of these.
public struct BanListReading: Hashable, Sendable {
    /// What there is to ban.
    public private(set) var entries: [BanEntry] = []
    /// On which line each of them begins, counted from 1; rows of a database are lines.
    public private(set) var lines: [Int32] = []
    public private(set) var refusals: [Refusal] = []
    /// How many had ended already, or were said to be lifted.
    public var ended = 0
    /// How many lines were comments and nothing else.
    public var comments = 0
    /// How many were part of another of the same list, which is taken.
    public var merged = 0
    /// Whether no two entries are of the same subject, as far as that is known.
    public var isDistinct = false

    public init() {}

    /// Something of a list that isn't taken.
    public struct Refusal: Hashable, Sendable {
        /// What kind of problem it is: the same words for all of a kind.
        public var problem: String
        public var line: Int
        /// What stood there, as much as a message can bear, without control characters.
        public var item: String
        public var remedy: String

        public init(_ problem: String, line: Int, item: String, remedy: String) {
            self.problem = problem
            self.line = line
            self.item = item.excerpt
            self.remedy = remedy
        }
    }

    /// Takes an entry, or counts it where it has ended. An end a lifetime away was meant for good, unless it is exact.
    mutating func take(_ entry: BanEntry, line: Int, now: ListTime, isExact: Bool = false) {
        var entry = entry
        if case .at(let end) = entry.end {
            guard end > now else {
                ended += 1
                return
            }
            if !isExact, now.distance(to: end) >= ListTime.leastForGood { entry.end = .forGood }
        }
        entries.append(entry)
        lines.append(Int32(clamping: line))
    }

    mutating func refuse(_ refusal: Refusal) {
        refusals.append(refusal)
    }

    mutating func reserve(_ count: Int) {
        entries.reserveCapacity(count)
        lines.reserveCapacity(count)
    }
}

/// A list that was written, and what it doesn't say.
public struct BanListWriting: Hashable, Sendable {
    public var text: [UInt8] = []
    /// How many bans are in it.
    public var count = 0
    /// What the format couldn't hold, in the order in which it was met.
    public private(set) var omissions: [Omission] = []

    public init() {}

    /// Something that bans had and the format couldn't hold.
    public struct Omission: Hashable, Sendable {
        public enum Kind: Hashable, Sendable {
            /// Bans that aren't in the list at all.
            case bans
            /// Parts of bans that are in it.
            case parts
        }

        public var kind: Kind
        /// What it was: `bans of endpoints`.
        public var what: String
        public var count: Int
    }

    mutating func omit(_ kind: Omission.Kind, _ what: String) {
        if let known = omissions.firstIndex(where: { $0.what == what }) {
            omissions[known].count += 1
        } else {
            omissions.append(Omission(kind: kind, what: what, count: 1))
        }
    }

    /// Counts those of an entry's parts that the format has no place for.
    mutating func omitParts(of entry: BanEntry, except kept: EntryParts) {
        if !kept.contains(.end), entry.end != .unstated { omit(.parts, "ends") }
        if !kept.contains(.created), entry.created != nil { omit(.parts, "times of creation") }
        guard let notes = entry.notes else { return }
        if !kept.contains(.reason), notes.reason != nil { omit(.parts, "reasons") }
        if !kept.contains(.detail), notes.detail != nil { omit(.parts, "details") }
        if !kept.contains(.origin), notes.origin != nil { omit(.parts, "origins") }
        if !kept.contains(.peer), notes.peer != nil { omit(.parts, "peers") }
    }

    mutating func append(_ string: String) {
        text.append(contentsOf: string.utf8)
    }
}

/// The parts of an entry that a format may hold or not.
struct EntryParts: OptionSet {
    let rawValue: Int
    static let created = EntryParts(rawValue: 1)
    static let end = EntryParts(rawValue: 2)
    static let reason = EntryParts(rawValue: 4)
    static let detail = EntryParts(rawValue: 8)
    static let origin = EntryParts(rawValue: 16)
    static let peer = EntryParts(rawValue: 32)
}
