// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// One element of a set, as the kernel has it now. `Element` on the wire.
public struct SetElement: Codable, Hashable, Sendable {
    public var key: String
    /// How long it was put in for; absent: for good.
    public var timeout: Milliseconds?
    /// Until the kernel drops it; absent: for good.
    public var remaining: Milliseconds?
    /// Absent where the set does not count.
    public var packets: Int64?
    /// Absent where the set does not count.
    public var bytes: Int64?
    public var comment: String?
    /// The ban it belongs to, where there is one.
    public var ban: Int64?

    public init(
        key: String, timeout: Milliseconds? = nil, remaining: Milliseconds? = nil, packets: Int64? = nil,
        bytes: Int64? = nil, comment: String? = nil, ban: Int64? = nil
    ) {
        self.key = key
        self.timeout = timeout
        self.remaining = remaining
        self.packets = packets
        self.bytes = bytes
        self.comment = comment
        self.ban = ban
    }
}

/// A set of the table. `Set` on the wire.
public struct SetInfo: Codable, Hashable, Sendable {
    public var name: String
    /// The key's type as nft writes it: `ipv4_addr . inet_proto . inet_service`.
    public var type: String
    /// The set's flags as nft writes them: `timeout`, `interval`.
    public var flags: [String]
    /// How many elements the helper knows to be in it.
    public var count: Int
    /// How many elements it can hold; absent: no limit.
    public var capacity: Int?
    /// How many the kernel counts, those that have ended and aren't collected yet among them; absent where it doesn't
    /// tell. Where blocks lie within one another it has more pieces than there are bans.
    public var kernelCount: Int?
    /// What the kernel keeps it in, "rhash", "rbtree" or "pipapo"; where it doesn't tell, what kernels choose for such a
    /// set.
    public var backend: String?
    /// How many packets the rules have refused that look it up, since there is the table; absent where they don't
    /// count.
    public var packets: Int64?
    public var bytes: Int64?
    /// Absent where they were not asked for.
    public var elements: [SetElement]?
    /// The keys of bans, of those that were to be read for this page, that the kernel doesn't have.
    public var absent: [String]?
    /// Whether it is in shadow: its rules refuse nobody, and ``packets`` were let pass.
    public var shadowed: Bool?

    public init(
        name: String, type: String, flags: [String], count: Int, capacity: Int? = nil,
        elements: [SetElement]? = nil, shadowed: Bool? = nil
    ) {
        self.name = name
        self.type = type
        self.flags = flags
        self.count = count
        self.capacity = capacity
        self.elements = elements
        self.shadowed = shadowed
    }

    private enum CodingKeys: String, CodingKey {
        case name, type, flags, count, capacity, backend, packets, bytes, elements, absent, shadowed
        case kernelCount = "kernel_count"
    }
}

/// What the kernel offers. `Kernel` on the wire.
public struct KernelInfo: Codable, Hashable, Sendable {
    /// `uname -r`
    public var release: String
    /// Whether a table can be owned.
    public var ownership: Bool
    /// Whether an owned table can outlive its owner.
    public var persistence: Bool
    /// Whether an element's timeout can be changed in place.
    public var timeoutUpdate: Bool
    /// Whether elements can be deleted without knowing if they are there.
    public var elementDestroy: Bool
    /// Whether sets tell how many elements they hold.
    public var setCounts: Bool
    /// Whether other programs' sockets can be closed.
    public var socketDestroy: Bool

    public init(
        release: String, ownership: Bool, persistence: Bool, timeoutUpdate: Bool, elementDestroy: Bool,
        setCounts: Bool, socketDestroy: Bool
    ) {
        self.release = release
        self.ownership = ownership
        self.persistence = persistence
        self.timeoutUpdate = timeoutUpdate
        self.elementDestroy = elementDestroy
        self.setCounts = setCounts
        self.socketDestroy = socketDestroy
    }

    private enum CodingKeys: String, CodingKey {
        case release, ownership, persistence
        case timeoutUpdate = "timeout_update"
        case elementDestroy = "element_destroy"
        case setCounts = "set_counts"
        case socketDestroy = "socket_destroy"
    }
}

/// How much a guard holds. `GuardCount` on the wire.
public struct GuardCount: Codable, Hashable, Sendable {
    public var name: GuardName
    /// Addresses and blocks.
    public var count: Int

    public init(name: GuardName, count: Int) {
        self.name = name
        self.count = count
    }
}

/// The helper at a glance: the reply of ``HelperInterface/status``.
public struct Status: Codable, Hashable, Sendable {
    public var version: String
    public var mode: Mode
    /// The table's name.
    public var table: String
    /// Since when the helper runs.
    public var started: Timestamp
    /// How many bans are in force.
    public var bans: Int
    /// The ruleset's generation that the helper saw last.
    public var generation: Int64
    /// How many connections there are.
    public var callers: Int
    /// How many of them watch.
    public var subscribers: Int
    public var kernel: KernelInfo
    public var ledger: LedgerState
    /// Without their elements.
    public var sets: [SetInfo]
    /// What needs the operator's eye, in words, each with its remedy.
    public var problems: [String]
    /// What each guard holds that holds anything.
    public var guards: [GuardCount]
    /// How many sockets of the node to banned peers were closed by the kernel, since the helper runs.
    public var socketsCut: Int
    /// Which checks are in shadow, so that their bans refuse nobody; absent: none is.
    public var shadow: [ShadowedCheck]?

    public init(
        version: String, mode: Mode, table: String, started: Timestamp, bans: Int, generation: Int64,
        callers: Int, subscribers: Int, kernel: KernelInfo, ledger: LedgerState, sets: [SetInfo],
        problems: [String], guards: [GuardCount] = [], socketsCut: Int = 0, shadow: [ShadowedCheck]? = nil
    ) {
        self.version = version
        self.mode = mode
        self.table = table
        self.started = started
        self.bans = bans
        self.generation = generation
        self.callers = callers
        self.subscribers = subscribers
        self.kernel = kernel
        self.ledger = ledger
        self.sets = sets
        self.problems = problems
        self.guards = guards
        self.socketsCut = socketsCut
        self.shadow = shadow
    }

    private enum CodingKeys: String, CodingKey {
        case version, mode, table, started, bans, generation, callers, subscribers, kernel, ledger, sets,
            problems, guards, shadow
        case socketsCut = "sockets_cut"
    }
}

/// What is known about a subject: the reply of ``HelperInterface/explain``.
public struct Explanation: Codable, Hashable, Sendable {
    public var subject: String
    /// Whether a packet from there to the node's ports would pass now.
    public var inbound: Bool
    /// Whether a dial by the node's users would pass now; for an endpoint, a network or an address.
    public var outbound: Bool
    /// The set that decides, where one does: an exempt set or one that blocks.
    public var set: String?
    /// The guard that would refuse a ban of it, where one would. `guard` on the wire.
    public var guardName: GuardName?
    public var bans: [Ban]
    public var elements: [SetElement]
    /// How often this subject was banned within the time that strikes are remembered.
    public var strikes: Int
    /// How long a ban for the default reason would last if it came now, absent: for good.
    public var next: Milliseconds?
    /// The feeds that list all of it.
    public var feeds: [String]
    /// The sets in shadow that would block it.
    public var shadowed: [String]?

    public init(
        subject: String, inbound: Bool, outbound: Bool, set: String? = nil, guardName: GuardName? = nil,
        bans: [Ban], elements: [SetElement], strikes: Int, next: Milliseconds? = nil, feeds: [String] = [],
        shadowed: [String]? = nil
    ) {
        self.subject = subject
        self.inbound = inbound
        self.outbound = outbound
        self.set = set
        self.guardName = guardName
        self.bans = bans
        self.elements = elements
        self.strikes = strikes
        self.next = next
        self.feeds = feeds
        self.shadowed = shadowed
    }

    private enum CodingKeys: String, CodingKey {
        case subject, inbound, outbound, set, bans, elements, strikes, next, feeds, shadowed
        case guardName = "guard"
    }
}
