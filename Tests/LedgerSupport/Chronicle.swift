// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Ledger
internal import TestRandom

/// A random life of a ledger, batch by batch: what is to be written, and what is there then.
public struct Chronicle: Sendable {
    public struct State: Hashable, Sendable {
        public var bans: [Int64: LedgerBan] = [:]
        public var offences: [Int64: LedgerOffence] = [:]
        public var events = 0
        public var next: Int64 = 1
    }

    /// After the last batch.
    public private(set) var state = State()
    /// Every state that a ban or a strike ever had.
    public private(set) var bansEver: [Int64: Set<LedgerBan>] = [:]
    public private(set) var offencesEver: [Int64: Set<LedgerOffence>] = [:]
    private var random: Seeded
    private let clock: ManualClock

    public init(seed: UInt64, clock: ManualClock) {
        random = Seeded(seed)
        self.clock = clock
    }

    /// One more batch: bans that are new, renewed and ended, with their history.
    public mutating func batch(_ count: Int) -> LedgerBatch {
        clock.advance(by: Int64.random(in: 1...5000, using: &random))
        var batch = LedgerBatch()
        for _ in 0..<count {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6: add(&batch)
            case 6..<8: renew(&batch)
            default: end(&batch)
            }
        }
        state.events += batch.events.count
        return batch
    }

    private mutating func add(_ batch: inout LedgerBatch) {
        let id = state.next
        state.next += 1
        let granted: Int64? =
            Int.random(in: 0..<20, using: &random) == 0
            ? nil : Int64.random(in: 60_000...86_400_000, using: &random)
        let ban = LedgerBan(
            id: id, check: ["accept", "dial", "network"].randomElement(using: &random)!,
            address: "10.\(id >> 16 & 255).\(id >> 8 & 255).\(id & 255)", since: clock.monotonic,
            granted: granted, until: granted.map { clock.wall + $0 }, created: clock.wall,
            reason: "rate-limit", caller: "user:seed", isOperators: granted == nil,
            peer: Bool.random(using: &random) ? "12D3KooW\(random.next())" : nil,
            detail: Int.random(in: 0..<4, using: &random) == 0
                ? String(repeating: "ø", count: Int.random(in: 0...100, using: &random)) : nil)
        put(ban, "banned", &batch)
    }

    private mutating func renew(_ batch: inout LedgerBatch) {
        guard var ban = one() else { return add(&batch) }
        ban.since = clock.monotonic
        ban.granted = ban.granted.map { min($0 * 2, 604_800_000) }
        ban.until = ban.granted.map { clock.wall + $0 }
        ban.strikes += 1
        put(ban, "renewed", &batch)
    }

    private mutating func end(_ batch: inout LedgerBatch) {
        // Within a batch, what has ended comes behind what is new.
        guard let ban = one(), !batch.bans.contains(where: { $0.id == ban.id }) else { return add(&batch) }
        state.bans[ban.id] = nil
        batch.ended.append(ban.id)
        batch.events.append(LedgerEvent(time: clock.wall, kind: "lifted", ban: ban, actor: "root"))
        let offence = LedgerOffence(
            id: ban.id, check: ban.check, address: ban.address, strikes: ban.strikes, last: ban.since,
            forgotten: ban.since + 86_400_000_000)
        state.offences[ban.id] = offence
        offencesEver[ban.id, default: []].insert(offence)
        batch.offences.append(offence)
    }

    private mutating func put(_ ban: LedgerBan, _ kind: String, _ batch: inout LedgerBatch) {
        state.bans[ban.id] = ban
        bansEver[ban.id, default: []].insert(ban)
        batch.bans.append(ban)
        batch.events.append(LedgerEvent(time: clock.wall, kind: kind, ban: ban))
    }

    private mutating func one() -> LedgerBan? {
        guard state.next > 1 else { return nil }
        for _ in 0..<8 {
            if let ban = state.bans[Int64.random(in: 1..<state.next, using: &random)] { return ban }
        }
        return nil
    }
}
