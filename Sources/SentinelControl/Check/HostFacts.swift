// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration
internal import SentinelProtocol

/// Something that could be seen, or why it couldn't.
enum Seen<Value: Sendable>: Sendable {
    case seen(Value)
    /// Why not, and what lets it be seen.
    case unseen(String, remedy: String)

    var value: Value? { if case .seen(let value) = self { value } else { nil } }
}

/// What a check looks at: all that is known of the configuration, the helper and the host, and no opinion of it.
struct HostFacts: Sendable {
    /// What the helper tells of itself.
    struct Helper: Sendable {
        var status: Status
        /// What would come of a reload; nil where this user may not know it.
        var reload: Reload?
        /// When the latest event was that the ledger remembers.
        var latest: Timestamp?
    }

    enum Reload: Sendable {
        /// The file that sentineld reads, without links, and the keys that have other values there than in force.
        case taken(file: String?, changed: [String])
        /// All that stands against it.
        case refused([String])
    }

    enum Reached: Sendable {
        case running(Helper)
        /// It isn't there, and why that is thought.
        case away(String)
        /// This user may not speak to it.
        case denied(String)
    }

    /// One of `[node] users`.
    struct User: Sendable {
        var account: String
        /// nil where there is no such user.
        var id: UInt32?
        /// Whether a process of it runs.
        var runs: Bool
    }

    /// A file or a directory.
    struct File: Sendable {
        enum Role: Sendable {
            case configuration, socket, state, reader
        }

        var role: Role
        var path: String
        /// The user who owns it, and the group.
        var owner: UInt32
        var group: String
        /// The permission bits.
        var mode: UInt32
    }

    /// What the service manager knows of the unit.
    struct Unit: Sendable {
        var isActive: Bool
        /// Whether it is started with the host.
        var isEnabled: Bool
        /// By `systemd-analyze security`, in tenths.
        var exposure: Int?
        var dropIns: [String]
    }

    var now: Timestamp
    /// uname(2)'s.
    var kernel: String
    /// The configuration's file, and what it says or is wrong with it.
    var file: String
    var configuration: Configuration?
    var problems: [String] = []
    /// Where the helper was looked for.
    var socket: String
    var helper: Reached
    var ruleset: Seen<Ruleset>
    /// The tables of the older iptables.
    var legacyTables: [String] = []
    /// Files that nftables.service loads and that flush the ruleset.
    var flushes: [String] = []
    var listeners: [ListeningSocket] = []
    var users: [User] = []
    var unit: Seen<Unit>
    var files: [File] = []

    var running: Helper? { if case .running(let helper) = helper { helper } else { nil } }
}
