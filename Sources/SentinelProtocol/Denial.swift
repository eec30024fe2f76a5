// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What a node has decided, and wants the kernel to carry out.
public struct Denial: Codable, Hashable, Sendable {
    public var check: Check
    /// What to block. For accept an address, `203.0.113.7`; for dial an endpoint, `tcp:203.0.113.7:8776` or
    /// `udp:[2001:db8::7]:4001`. Both may be a multiaddr, `/ip4/203.0.113.7/udp/4001/quic-v1`. For network a block,
    /// `203.0.113.0/24`.
    public var subject: String
    /// The peer's id, where it is known.
    public var peer: String?
    /// A short code, `[a-z0-9-]`, at most 48 characters: it selects the duration.
    public var reason: String
    /// The evidence in a few words, at most 200 bytes.
    public var detail: String?
    /// How long, where the node has a wish; the configuration caps it. Absent: by the configuration.
    public var duration: Milliseconds?
    /// Whether the source proved by a handshake that the address is its own.
    public var validated: Bool

    public init(
        check: Check, subject: String, peer: String? = nil, reason: String, detail: String? = nil,
        duration: Milliseconds? = nil, validated: Bool
    ) {
        self.check = check
        self.subject = subject
        self.peer = peer
        self.reason = reason
        self.detail = detail
        self.duration = duration
        self.validated = validated
    }
}

/// What an operator wants blocked.
public struct BanRequest: Codable, Hashable, Sendable {
    public var check: Check
    /// As in ``Denial/subject``.
    public var subject: String
    /// The peer's id, where it is known.
    public var peer: String?
    /// As in ``Denial/reason``; absent: `operator`.
    public var reason: String?
    /// The evidence in a few words, at most 200 bytes.
    public var detail: String?
    /// Absent: by the configuration. Zero: for good.
    public var duration: Milliseconds?
    /// The ban ends just then, even if one for the same subject would have ended later.
    public var exact: Bool?

    public init(
        check: Check, subject: String, peer: String? = nil, reason: String? = nil, detail: String? = nil,
        duration: Milliseconds? = nil, exact: Bool? = nil
    ) {
        self.check = check
        self.subject = subject
        self.peer = peer
        self.reason = reason
        self.detail = detail
        self.duration = duration
        self.exact = exact
    }
}

/// Why something was not carried out.
public struct Refusal: Codable, Hashable, Sendable {
    public var code: RefusalCode
    /// For ``RefusalCode/guarded``: who protects the subject. `guard` on the wire.
    public var guardName: GuardName?
    /// What, where, and what to do about it.
    public var message: String

    public init(code: RefusalCode, guardName: GuardName? = nil, message: String) {
        self.code = code
        self.guardName = guardName
        self.message = message
    }

    private enum CodingKeys: String, CodingKey {
        case code, message
        case guardName = "guard"
    }
}

/// The answer to one denial or request.
public struct Receipt: Codable, Hashable, Sendable {
    /// The ban's; absent where it was refused.
    public var id: Int64?
    public var subject: String
    /// Whether the kernel blocks the subject now. Where it doesn't and there is an ``id``, the refusal is
    /// ``RefusalCode/pending``, or the ban is ``shadowed``.
    public var enforced: Bool
    /// Whether the ban will outlive a restart of the helper and a reboot.
    public var durable: Bool
    /// Absent: for good, or refused.
    public var expires: Timestamp?
    /// How often this subject was banned within the time that strikes are remembered.
    public var strikes: Int
    /// Absent where it was carried out. With an ``id``: why it isn't enforced yet.
    public var refusal: Refusal?
    /// Whether the ban is in force, but its check is in shadow, so that the kernel only counts what it matches.
    public var shadowed: Bool?

    public init(
        id: Int64? = nil, subject: String, enforced: Bool, durable: Bool, expires: Timestamp? = nil,
        strikes: Int, refusal: Refusal? = nil, shadowed: Bool? = nil
    ) {
        self.id = id
        self.subject = subject
        self.enforced = enforced
        self.durable = durable
        self.expires = expires
        self.strikes = strikes
        self.refusal = refusal
        self.shadowed = shadowed
    }
}
