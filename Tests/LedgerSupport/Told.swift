// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Ledger

/// What a ledger told when it was opened.
public struct Told: LedgerReader, Sendable {
    public private(set) var timeline: Timeline?
    public private(set) var nextID: Int64 = 0
    public private(set) var bans: [Int64: LedgerBan] = [:]
    public private(set) var offences: [Int64: LedgerOffence] = [:]
    /// Whether something was told twice.
    public private(set) var hasTwice = false

    public init() {}

    public mutating func begin(_ timeline: Timeline, nextID: Int64, expected: Int) {
        self.nextID = nextID
        (self.timeline, bans, offences, hasTwice) = (timeline, [:], [:], false)
    }

    public mutating func read(_ ban: LedgerBan) {
        hasTwice = bans.updateValue(ban, forKey: ban.id) != nil || hasTwice
    }

    public mutating func read(_ offence: LedgerOffence) {
        hasTwice = offences.updateValue(offence, forKey: offence.id) != nil || hasTwice
    }
}
