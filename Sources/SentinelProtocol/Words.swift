// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Where a denial takes effect.
public enum Check: String, Codable, Hashable, Sendable, CaseIterable {
    /// Packets from an address to the node's listening ports are dropped.
    case accept
    /// Packets of the node's users to an endpoint are rejected.
    case dial
    /// Both, for a block of addresses; by nodes no wider than the configuration allows.
    case network
}

/// A word on the wire of which there may be more one day. Who doesn't know a word shows it as it is.
public protocol WireWord: RawRepresentable, Codable, Hashable, Sendable, CustomStringConvertible
where RawValue == String {}

extension WireWord {
    public var description: String { rawValue }
}

/// A right that the helper's configuration grants to users and groups.
public struct Right: WireWord {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Submit, Guard, Lift of what the same user submitted, Status, List, History, Durations, Watch.
    public static let submit = Right(rawValue: "submit")
    /// Everything.
    public static let operate = Right(rawValue: "operate")
}

/// Why something was not carried out.
public struct RefusalCode: WireWord {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The subject or another field has no valid form.
    public static let malformed = RefusalCode(rawValue: "malformed")
    /// The subject is relayed: its address is the relay's.
    public static let relayed = RefusalCode(rawValue: "relayed")
    /// The kernel has nothing to match the subject by, a name for example.
    public static let unmatchable = RefusalCode(rawValue: "unmatchable")
    /// The source has not proved that the address is its own.
    public static let unvalidated = RefusalCode(rawValue: "unvalidated")
    /// A guard protects the subject; see ``Refusal/guardName``.
    public static let guarded = RefusalCode(rawValue: "guarded")
    /// The caller may not ask for this.
    public static let forbidden = RefusalCode(rawValue: "forbidden")
    /// The set, or the caller's share of it, is full.
    public static let full = RefusalCode(rawValue: "full")
    /// The kernel refused.
    public static let kernel = RefusalCode(rawValue: "kernel")
    /// The ban is kept, and enforced as soon as the kernel has the place for it.
    public static let pending = RefusalCode(rawValue: "pending")
    /// The table has been released.
    public static let released = RefusalCode(rawValue: "released")
}

/// Who protects a subject from being blocked.
public struct GuardName: WireWord {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public static let loopback = GuardName(rawValue: "loopback")
    public static let linkLocal = GuardName(rawValue: "link-local")
    public static let multicast = GuardName(rawValue: "multicast")
    public static let unspecified = GuardName(rawValue: "unspecified")
    public static let ownAddress = GuardName(rawValue: "own-address")
    /// The gateway of a default route.
    public static let gateway = GuardName(rawValue: "gateway")
    /// A name server that the host asks.
    public static let resolver = GuardName(rawValue: "resolver")
    /// Somebody is logged in from there by SSH.
    public static let operatorSession = GuardName(rawValue: "operator-session")
    public static let exempt = GuardName(rawValue: "exempt")
    /// A peer is there that a node protects.
    public static let protected = GuardName(rawValue: "protected")
}

/// What kind of event it is.
public struct EventKind: WireWord {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// A subject is blocked that wasn't.
    public static let banned = EventKind(rawValue: "banned")
    /// A ban got another deadline.
    public static let renewed = EventKind(rawValue: "renewed")
    /// A ban was ended before its time.
    public static let lifted = EventKind(rawValue: "lifted")
    /// A ban reached its deadline.
    public static let expired = EventKind(rawValue: "expired")
    /// A ban had to make room for another in a full set.
    public static let evicted = EventKind(rawValue: "evicted")
    /// A list was banned as one; its bans aren't told one by one.
    public static let imported = EventKind(rawValue: "imported")
    /// Sets that the helper fills in a table of the operator's are missing: nothing is enforced until they are back.
    public static let missing = EventKind(rawValue: "missing")
    /// The table had been changed by somebody else, and is right again.
    public static let repaired = EventKind(rawValue: "repaired")
    /// Something needs the operator's eye; see ``Event/message``.
    public static let alarm = EventKind(rawValue: "alarm")
    /// What an alarm was raised for is over.
    public static let recovered = EventKind(rawValue: "recovered")
    /// The table was removed.
    public static let released = EventKind(rawValue: "released")
    /// This subscriber was too slow; see ``Event/missed``.
    public static let lost = EventKind(rawValue: "lost")
    /// Checks have gone into shadow or come out of it: bans in force take effect, or cease to. Who closes connections asks
    /// for the list of bans again.
    public static let shadow = EventKind(rawValue: "shadow")

    /// Those that say what became of a ban.
    public static let ofBans: [EventKind] = [.banned, .renewed, .lifted, .expired, .evicted]
    /// Those that the history has.
    public static let kept: [EventKind] = ofBans + [.imported]
}

/// How the helper's ledger is.
public struct LedgerState: WireWord {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Everything is written.
    public static let healthy = LedgerState(rawValue: "healthy")
    /// It can't be written now, which is tried again; what has changed since is lost if the host restarts.
    public static let failed = LedgerState(rawValue: "failed")
    /// The configuration wants none.
    public static let off = LedgerState(rawValue: "off")
}

/// How the helper holds its table.
public struct Mode: WireWord {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The table is owned, and outlives the helper.
    public static let ownedPersistent = Mode(rawValue: "owned-persistent")
    /// The table is owned, and lives as long as the socket that owns it.
    public static let owned = Mode(rawValue: "owned")
    /// Anybody with the privilege may change the table; it is watched and repaired.
    public static let watched = Mode(rawValue: "watched")
    /// The sets are in a table of the operator's; they are watched and filled again.
    public static let shared = Mode(rawValue: "shared")
    /// There is no table.
    public static let released = Mode(rawValue: "released")
}
