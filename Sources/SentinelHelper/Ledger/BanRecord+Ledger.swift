// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Ledger
internal import Sentinel
internal import SentinelConfiguration
internal import SentinelProtocol

// Bans as the ledger keeps them. There an address is a text that a person can read, and times are the ledger's own.

extension LedgerBan {
    init(_ record: BanRecord, _ timeline: Timeline, ipv6Prefix: Int, until: Int64?) {
        self.init(
            id: Int64(clamping: record.id), check: record.key.check.rawValue,
            address: record.key.text(ipv6Prefix: ipv6Prefix), subject: record.subject,
            since: timeline.time(record.renewed), granted: record.granted, until: until,
            created: record.created, strikes: Int64(record.strikes), reason: record.reason,
            caller: record.caller, isOperators: record.isOperators, peer: record.peer, detail: record.detail)
    }
}

extension LedgerOffence {
    init(_ strikes: BanBook.Strikes, _ timeline: Timeline, ipv6Prefix: Int) {
        self.init(
            id: Int64(clamping: strikes.id), check: strikes.key.check.rawValue,
            address: strikes.key.text(ipv6Prefix: ipv6Prefix), strikes: Int64(strikes.count),
            last: timeline.time(strikes.last), forgotten: timeline.time(strikes.forgotten))
    }
}

extension BanKey {
    /// Reads a key as the ledger has it; nil where it is none.
    ///
    /// An IPv6 source that was banned when sources were matched by another prefix goes on as a ban of that block: it
    /// is the same addresses.
    init?(check: String, address: String, ipv6Prefix: Int) {
        switch Check(rawValue: check) {
        case .accept:
            if let address = IPAddress(address) {
                guard address.family == .ipv6, ipv6Prefix < IPv6Address.bitWidth else {
                    self.init(source: address, ipv6Prefix: ipv6Prefix)
                    return
                }
                self.init(network: IPNetwork(address))
                return
            }
            guard let network = IPNetwork(address), network.family == .ipv6 else { return nil }
            if network.prefixLength == ipv6Prefix {
                self.init(source: network.first, ipv6Prefix: ipv6Prefix)
            } else {
                self.init(network: network)
            }
        case .dial:
            guard let endpoint = Endpoint(address) else { return nil }
            self.init(destination: endpoint)
        case .network:
            guard let network = IPNetwork(address) else { return nil }
            self.init(network: network)
        case nil: return nil
        }
    }
}

extension BanRecord {
    /// Reads a ban back; nil where its address can't be one.
    init?(_ ban: LedgerBan, _ timeline: Timeline, ipv6Prefix: Int) {
        guard let key = BanKey(check: ban.check, address: ban.address, ipv6Prefix: ipv6Prefix) else {
            return nil
        }
        self.init(
            key: key, id: UInt64(clamping: ban.id), deadline: ban.deadline.map(timeline.monotonic),
            renewed: timeline.monotonic(ban.since), created: ban.created, strikes: Int(ban.strikes),
            reason: ban.reason, caller: ban.caller, isOperators: ban.isOperators, peer: ban.peer,
            detail: ban.detail, subject: ban.subject)
    }
}

/// Fills a book with what the ledger has.
struct BookReader: LedgerReader {
    private let capacity: Int
    private let ipv6Prefix: Int
    private(set) var book: BanBook
    private(set) var timeline: Timeline?
    /// Bans that the book has no place for, or whose address can't be one.
    private(set) var left: [Int64] = []

    /// Is told how many bans are about to be read.
    private let willRead: (Int) -> Void

    init(capacity: Int, ipv6Prefix: Int, willRead: @escaping (Int) -> Void = { _ in }) {
        self.capacity = capacity
        self.willRead = willRead
        self.ipv6Prefix = ipv6Prefix
        book = BanBook(capacity: capacity)
    }

    mutating func begin(_ timeline: Timeline, nextID: Int64, expected: Int) {
        self.timeline = timeline
        left = []
        willRead(expected)
        book = BanBook(capacity: capacity)
        book.reserveIDs(below: UInt64(clamping: nextID))
        book.reserve(expected)
    }

    mutating func read(_ ban: LedgerBan) {
        guard let timeline, let record = BanRecord(ban, timeline, ipv6Prefix: ipv6Prefix) else {
            left.append(ban.id)
            return
        }
        // Two can have become one by another prefix.
        if let id = book.restore(record) { left.append(Int64(clamping: id)) }
    }

    mutating func read(_ offence: LedgerOffence) {
        guard let timeline,
            let key = BanKey(check: offence.check, address: offence.address, ipv6Prefix: ipv6Prefix)
        else { return }
        book.remember(
            .init(
                key: key, id: UInt64(clamping: offence.id), count: Int(offence.strikes),
                last: timeline.monotonic(offence.last), forgotten: timeline.monotonic(offence.forgotten)))
    }
}
