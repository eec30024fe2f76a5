// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A ban. `BanRecord` on the wire.
public struct Ban: Codable, Hashable, Sendable, Identifiable {
    public var id: Int64
    public var check: Check
    /// What was asked for.
    public var subject: String
    /// What is matched in the kernel: an address, a block or an endpoint.
    public var key: String
    /// The nftables set that holds the key.
    public var set: String
    /// The peer's id, where it is known.
    public var peer: String?
    public var reason: String
    public var detail: String?
    /// Who asked for it: `user:seed`.
    public var caller: String
    /// Whether it was asked for with the right to operate. `operator` on the wire.
    public var byOperator: Bool
    /// How long it was granted for at the last renewal; absent: for good.
    public var granted: Milliseconds?
    public var created: Timestamp
    /// Absent: for good.
    public var expires: Timestamp?
    /// How often this subject was banned within the time that strikes are remembered.
    public var strikes: Int
    /// Whether it will outlive a restart of the helper and a reboot.
    public var durable: Bool
    /// Whether its check is in shadow, so that it refuses nobody: the kernel counts what it matches and lets it pass, and
    /// no connection is to be closed for it. Absent: it isn't, or it isn't known of what is past.
    public var shadowed: Bool?

    public init(
        id: Int64, check: Check, subject: String, key: String, set: String, peer: String? = nil,
        reason: String, detail: String? = nil, caller: String, byOperator: Bool,
        granted: Milliseconds? = nil, created: Timestamp, expires: Timestamp? = nil, strikes: Int,
        durable: Bool, shadowed: Bool? = nil
    ) {
        self.id = id
        self.check = check
        self.subject = subject
        self.key = key
        self.set = set
        self.peer = peer
        self.reason = reason
        self.detail = detail
        self.caller = caller
        self.byOperator = byOperator
        self.granted = granted
        self.created = created
        self.expires = expires
        self.strikes = strikes
        self.durable = durable
        self.shadowed = shadowed
    }

    /// Whether the kernel refuses what it matches, as far as is told.
    public var isEnforced: Bool { shadowed != true }

    private enum CodingKeys: String, CodingKey {
        case id, check, subject, key, set, peer, reason, detail, caller, granted, created, expires, strikes
        case durable, shadowed
        case byOperator = "operator"
    }
}

/// Which bans are meant; all that is given must hold. Nothing given: all of them.
public struct Filter: Codable, Hashable, Sendable {
    public var check: Check?
    /// Just this one: an address, a block, an endpoint or a multiaddr.
    public var subject: String?
    /// A block: what lies in it, addresses, endpoints and blocks.
    public var within: String?
    public var peer: String?
    public var reason: String?
    public var caller: String?
    public var id: Int64?
    /// Bans that began at this moment or later.
    public var since: Timestamp?

    public init(
        check: Check? = nil, subject: String? = nil, within: String? = nil, peer: String? = nil,
        reason: String? = nil, caller: String? = nil, id: Int64? = nil, since: Timestamp? = nil
    ) {
        self.check = check
        self.subject = subject
        self.within = within
        self.peer = peer
        self.reason = reason
        self.caller = caller
        self.id = id
        self.since = since
    }
}

/// What happened.
public struct Event: Codable, Hashable, Sendable {
    public var kind: EventKind
    public var time: Timestamp
    /// For banned, renewed, lifted, expired and evicted.
    public var ban: Ban?
    /// Who did it, where that isn't who asked for the ban.
    public var actor: String?
    /// For ``EventKind/lost``: how many events this subscriber was too slow for.
    public var missed: Int?
    public var message: String?
    /// For ``EventKind/imported``: that of all these bans.
    public var check: Check?
    /// For ``EventKind/imported``: that of all these bans.
    public var reason: String?
    /// For ``EventKind/imported``: how many new bans these are.
    public var count: Int?

    public init(
        kind: EventKind, time: Timestamp, ban: Ban? = nil, actor: String? = nil, missed: Int? = nil,
        message: String? = nil, check: Check? = nil, reason: String? = nil, count: Int? = nil
    ) {
        self.kind = kind
        self.time = time
        self.ban = ban
        self.actor = actor
        self.missed = missed
        self.message = message
        self.check = check
        self.reason = reason
        self.count = count
    }
}
