// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A ban in force, as the ledger keeps it. Times are the ledger's own (``Timeline``) where nothing else is said.
public struct LedgerBan: Hashable, Sendable {
    /// Unlike that of any other ban there ever was.
    public var id: Int64
    /// `accept`, `dial` or `network`.
    public var check: String
    /// What it matches, as people write it: an address, an endpoint or a block.
    public var address: String
    /// What was asked to be banned, where that reads otherwise.
    public var subject: String?
    /// When it was granted or last renewed.
    public var since: Int64
    /// For how many milliseconds; nil: for good.
    public var granted: Int64?
    /// When it ends by the wall clock, as it was told when it was granted. For people; nothing is computed from it.
    public var until: Int64?
    /// When it began, in milliseconds of the wall clock since 1970.
    public var created: Int64
    public var strikes: Int64
    public var reason: String
    /// Who asked for it.
    public var caller: String
    public var isOperators: Bool
    public var peer: String?
    public var detail: String?

    public init(
        id: Int64, check: String, address: String, subject: String? = nil, since: Int64, granted: Int64?,
        until: Int64? = nil, created: Int64 = 0, strikes: Int64 = 1, reason: String, caller: String,
        isOperators: Bool = false, peer: String? = nil, detail: String? = nil
    ) {
        self.id = id
        self.check = check
        self.address = address
        self.subject = subject
        self.since = since
        self.granted = granted
        self.until = until
        self.created = created
        self.strikes = strikes
        self.reason = reason
        self.caller = caller
        self.isOperators = isOperators
        self.peer = peer
        self.detail = detail
    }

    /// When it ends; nil: never.
    public var deadline: Int64? {
        guard let granted else { return nil }
        let (end, overflow) = since.addingReportingOverflow(granted)
        return overflow ? .max : end
    }
}

/// The strikes of a ban that has ended, until they are forgotten. Times are the ledger's own.
public struct LedgerOffence: Hashable, Sendable {
    /// That of the ban.
    public var id: Int64
    public var check: String
    public var address: String
    public var strikes: Int64
    /// When the ban was last renewed: from here on the strike ages.
    public var last: Int64
    /// When it is forgotten.
    public var forgotten: Int64

    public init(id: Int64, check: String, address: String, strikes: Int64, last: Int64, forgotten: Int64) {
        self.id = id
        self.check = check
        self.address = address
        self.strikes = strikes
        self.last = last
        self.forgotten = forgotten
    }
}

/// Something that happened to a ban, for those who ask later.
public struct LedgerEvent: Hashable, Sendable {
    /// In milliseconds of the wall clock since 1970.
    public var time: Int64
    /// `banned`, `renewed`, `lifted`, `expired`, …
    public var kind: String
    /// The ban as it was then.
    public var ban: LedgerBan
    /// Who did it, where that isn't who asked for the ban.
    public var actor: String?

    public init(time: Int64, kind: String, ban: LedgerBan, actor: String? = nil) {
        self.time = time
        self.kind = kind
        self.ban = ban
        self.actor = actor
    }
}

/// What changes together: all of it is in the ledger, or nothing.
public struct LedgerBatch: Hashable, Sendable {
    /// Bans that are new, or that take the place of the one with the same id.
    public var bans: [LedgerBan] = []
    /// The ids of bans that have ended.
    public var ended: [Int64] = []
    /// What is to be remembered of them.
    public var offences: [LedgerOffence] = []
    public var events: [LedgerEvent] = []

    public init() {}

    public var isEmpty: Bool { bans.isEmpty && ended.isEmpty && offences.isEmpty && events.isEmpty }

    public mutating func append(_ other: LedgerBatch) {
        bans += other.bans
        ended += other.ended
        offences += other.offences
        events += other.events
    }
}
