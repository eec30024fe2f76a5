// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Lets each peer open streams of each type only so often, and have only so many of them at a time.
///
/// Each stream that is asked about takes a token of its peer's bucket for its type; where there is none, or as many
/// are open as may be, it is denied, and with it the stream or the whole connection, as configured. A stream is open
/// from ``Event/Kind/streamOpened(_:)`` to ``Event/Kind/streamClosed(_:)``; when a peer's last connection ends, so do
/// all its streams. Memory is bounded as in ``SourceRate``.
public struct StreamLimits: Policy {
    /// How often, and how many at a time.
    public struct Limit: Hashable, Sendable {
        /// How often; nil for any number.
        public var rate: TokenRate?
        /// How many at a time; nil for any number.
        public var open: Int?
        /// What becomes of what is too much.
        public var action: StreamAction

        /// - Throws: `outOfRange` where none may be open.
        public init(
            rate: TokenRate? = nil, open: Int? = nil, action: StreamAction = .endConnection
        ) throws(SentinelError) {
            guard open.map({ $0 >= 1 }) ?? true else {
                throw SentinelError(.outOfRange, in: "stream limit", remedy: "at least 1")
            }
            self.rate = rate
            self.open = open
            self.action = action
        }
    }

    /// What is counted of a peer and a type.
    private struct Record: RankedValue {
        /// When the bucket is full again.
        var fullAt: Int64
        var open: UInt32
        /// Of which type it is: the last bits of the type's number.
        var type: UInt32

        init(_ number: UInt64) {
            fullAt = .min
            open = 0
            type = UInt32(truncatingIfNeeded: number)
        }

        static var vacant: Record { Record(0) }
        var isVacant: Bool { fullAt == .min && open == 0 }
        /// Open streams aren't forgotten for buckets.
        var rank: Int64 { open > 0 ? Int64.max - 1 : fullAt }
    }

    public let name: String
    /// Of how many peers and types the streams are counted at most, by all instances together.
    public let capacity: Int
    /// The limits by type.
    public let limits: [StreamType: Limit]
    /// The limit of each type that has none of its own; nil for none.
    public let others: Limit?

    /// What each type that has a limit of its own goes by in the table.
    private let numbers: [StreamType: UInt64]
    private var seed: HashSeed
    private var records: BoundedTable<Record>

    /// So many types can have limits of their own.
    public static let maximumTypeCount = 64

    /// - Parameters:
    ///   - others: the limit for streams of all other types together.
    ///   - capacity: of how many peers and types the streams are counted, at 24 bytes each.
    ///   - seed: decides where peers lie in memory; leave it random, see ``AccessList``.
    /// - Throws: `tooLong` for more than ``maximumTypeCount`` types.
    public init(
        name: String, limits: [StreamType: Limit], others: Limit? = nil,
        capacity: Int = SourceRate.defaultCapacity, seed: HashSeed = .random()
    ) throws(SentinelError) {
        guard limits.count <= Self.maximumTypeCount else {
            throw SentinelError(
                .tooLong, in: "policy \(name)",
                remedy: "at most \(Self.maximumTypeCount) types of streams can have limits of their own")
        }
        self.name = name
        self.limits = limits
        self.others = others
        self.seed = seed
        numbers = Dictionary(uniqueKeysWithValues: limits.keys.map { ($0, Self.number($0)) })
        self.capacity = capacity
        records = BoundedTable(capacity: capacity)
    }

    /// Where streams are opened.
    public var checks: CheckSet { .stream }
    /// It isn't told of what is allowed.
    public var observesAllowed: Bool { false }

    public func instance(of count: Int) -> StreamLimits {
        var instance = self
        instance.records = BoundedTable(capacity: capacity / count)
        return instance
    }

    /// How many streams of a type a peer has open; 0 where another instance keeps account of it.
    public func openCount(_ peer: PeerID, _ type: StreamType) -> Int {
        Int(records[key(peer, type)]?.open ?? 0)
    }

    /// The number of all streams that have no limit of their own.
    private static var othersNumber: UInt64 { 1 }
    /// The number under which a peer's connections are counted.
    private static var connectionsNumber: UInt64 { 2 }

    /// A type's number comes from its name, so that it is the same one after a reload. Source: FNV-1a, 64 bits,
    /// <http://www.isthe.com/chongo/tech/comp/fnv/>; whoever writes the configuration chooses the names.
    private static func number(_ type: StreamType) -> UInt64 {
        type.description.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    private func number(_ type: StreamType) -> UInt64 { numbers[type] ?? Self.othersNumber }

    private func key(_ peer: PeerID, _ type: StreamType) -> Fingerprint {
        seed.fingerprint(peer, number(type))
    }

    public mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict {
        guard question.check == .stream, let type = question.stream, let peer = question.peer,
            let limit = limits[type] ?? others
        else { return .pass }
        let number = number(type)
        let excess = records.update(seed.fingerprint(peer, number)) { entry in
            var record = entry ?? Record(number)
            let excess = Self.count(&record, limit, now: now)
            entry = record
            return excess
        }
        guard let excess else { return .pass }
        let detail =
            switch excess {
            case .open(let count): "has \(count) \(type) streams open already"
            case .rate(let rate): "opens \(type) streams more often than \(rate)"
            }
        return .deny(
            question.denial(
                by: name, reason: .streamLimit, basis: .peer, detail: detail, streamAction: limit.action,
                disconnectReason: .rateLimited))
    }

    private enum Excess {
        case open(Int)
        case rate(TokenRate)
    }

    /// Takes a token, unless something is too much.
    private static func count(_ record: inout Record, _ limit: Limit, now: MonotonicInstant) -> Excess? {
        if let most = limit.open, Int(record.open) >= most { return .open(most) }
        guard let rate = limit.rate else { return nil }
        return rate.take(from: &record.fullAt, now: now) ? nil : .rate(rate)
    }

    public mutating func observe(_ event: borrowing Event, now: MonotonicInstant) {
        guard let peer = event.peer else { return }
        switch event.kind {
        case .streamOpened(let type): add(1, peer, type)
        case .streamClosed(let type): add(-1, peer, type)
        case .connectionEstablished where countsOpen: add(1, peer, Self.connectionsNumber)
        case .connectionClosed where countsOpen:
            if add(-1, peer, Self.connectionsNumber) == 0 { closeAll(peer) }
        default: break
        }
    }

    /// Whether it matters to any limit how many streams are open.
    private var countsOpen: Bool {
        others?.open != nil || limits.values.contains { $0.open != nil }
    }

    private mutating func add(_ count: Int64, _ peer: PeerID, _ type: StreamType) {
        if (limits[type] ?? others)?.open != nil { add(count, peer, number(type)) }
    }

    /// - Returns: how many there are then.
    @discardableResult
    private mutating func add(_ count: Int64, _ peer: PeerID, _ number: UInt64) -> UInt32 {
        records.update(seed.fingerprint(peer, number)) { entry in
            var record = entry ?? Record(number)
            record.open = UInt32(max(0, Int64(record.open) + count))
            entry = record
            return record.open
        }
    }

    /// Streams end with the last connection; not every node tells of each.
    private mutating func closeAll(_ peer: PeerID) {
        for number in Array(numbers.values) + [Self.othersNumber] {
            records.update(seed.fingerprint(peer, number)) { $0?.open = 0 }
        }
    }

    /// Takes over how many tokens are used and how many streams are open of each type that still has a limit.
    public mutating func adopt(_ predecessor: any Policy, now: MonotonicInstant) {
        guard let old = predecessor as? StreamLimits else { return }
        seed = old.seed
        let (former, latter, countsOpen) = (old.limitsByRecord, limitsByRecord, countsOpen)
        records.merge(old.records) { key, record in
            if record.type == UInt32(Self.connectionsNumber) { return countsOpen ? (key, record) : nil }
            guard let limit = latter[record.type] else { return nil }
            var record = record
            if let rate = limit.rate, let other = former[record.type]?.rate {
                record.fullAt = rate.fullAt(record.fullAt, insteadOf: other, now: now)
            } else {
                record.fullAt = .min
            }
            // What isn't counted any more would never close.
            if limit.open == nil { record.open = 0 }
            return (key, record)
        }
    }

    private var limitsByRecord: [UInt32: Limit] {
        var all: [UInt32: Limit] = [:]
        for (type, number) in numbers { all[Record(number).type] = limits[type] }
        all[Record(Self.othersNumber).type] = others
        return all
    }
}
