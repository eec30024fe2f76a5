// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Varlink

/// `org.seedsentinel.Helper`: how a node and an operator talk to the helper that writes the kernel's sets.
/// The definition is in `org.seedsentinel.Helper.varlink`; the types here mirror it one to one.
public enum HelperInterface {
    /// `org.seedsentinel.Helper`
    public static let name = "org.seedsentinel.Helper"

    /// The definition in varlink's own language.
    public static let interface = VarlinkInterface(
        name: name,
        description: String(decoding: PackageResources.org_seedsentinel_Helper_varlink, as: UTF8.self))

    /// Carry out what the node has decided. One transaction for all; a receipt for each.
    public static let submit = VarlinkMethod<Submit.Parameters, Submit.Reply>(
        "org.seedsentinel.Helper.Submit")
    /// Say whom no ban may touch, because peers are there that the node protects.
    public static let guardAddresses = VarlinkMethod<Guard.Parameters, Guard.Reply>(
        "org.seedsentinel.Helper.Guard")
    /// Block for an operator.
    public static let ban = VarlinkMethod<BanMethod.Parameters, BanMethod.Reply>(
        "org.seedsentinel.Helper.Ban")
    /// Block a list for an operator, as one.
    public static let importBans = VarlinkMethod<Import.Parameters, Import.Reply>(
        "org.seedsentinel.Helper.Import")
    /// End bans before their time.
    public static let lift = VarlinkMethod<Lift.Parameters, Lift.Reply>("org.seedsentinel.Helper.Lift")
    /// How long bans last, as the configuration in force says.
    public static let durations = VarlinkMethod<VarlinkEmpty, Durations.Reply>(
        "org.seedsentinel.Helper.Durations")
    /// What has happened to bans, latest first, in pages where the call asks for more.
    public static let history = VarlinkMethod<History.Parameters, History.Reply>(
        "org.seedsentinel.Helper.History")
    /// The bans in force, in pages where the call asks for more.
    public static let list = VarlinkMethod<List.Parameters, List.Reply>("org.seedsentinel.Helper.List")
    /// The table's sets, in pages where the call asks for more.
    public static let sets = VarlinkMethod<Sets.Parameters, Sets.Reply>("org.seedsentinel.Helper.Sets")
    /// What is counted: refused packets by set, events by kind, check and reason.
    public static let counters = VarlinkMethod<VarlinkEmpty, Counters.Reply>(
        "org.seedsentinel.Helper.Counters")
    /// What the bans in shadow would have done, and to whom.
    public static let shadow = VarlinkMethod<Shadow.Parameters, Shadow.Reply>(
        "org.seedsentinel.Helper.Shadow")
    /// What feeds list, and how each is.
    public static let feeds = VarlinkMethod<VarlinkEmpty, Feeds.Reply>("org.seedsentinel.Helper.Feeds")
    /// Whom nothing may block, and why, in pages where the call asks for more.
    public static let guarded = VarlinkMethod<VarlinkEmpty, Guarded.Reply>("org.seedsentinel.Helper.Guarded")
    /// Everything that is known about a subject or a peer.
    public static let explain = VarlinkMethod<Explain.Parameters, Explain.Reply>(
        "org.seedsentinel.Helper.Explain")
    /// The helper at a glance.
    public static let status = VarlinkMethod<VarlinkEmpty, Status>("org.seedsentinel.Helper.Status")
    /// Events from now on. Needs more.
    public static let watch = VarlinkMethod<VarlinkEmpty, Watch.Reply>("org.seedsentinel.Helper.Watch")
    /// Read the configuration again, and take it whole or not at all.
    public static let reload = VarlinkMethod<Reload.Parameters, Reload.Reply>(
        "org.seedsentinel.Helper.Reload")
    /// Remove the table and stop enforcing.
    public static let release = VarlinkMethod<VarlinkEmpty, VarlinkEmpty>("org.seedsentinel.Helper.Release")
}

// MARK: - Parameters and replies

extension HelperInterface {
    /// ``HelperInterface/submit``
    public enum Submit {
        public struct Parameters: Codable, Hashable, Sendable {
            public var denials: [Denial]
            /// What the sequence belongs to: 1 to 64 letters, digits, `-` and `_`.
            public var session: String?
            /// Higher than that of the session's call before; the same once more gets the same receipts, and
            /// nothing is done.
            public var sequence: Int64?

            public init(denials: [Denial], session: String? = nil, sequence: Int64? = nil) {
                self.denials = denials
                self.session = session
                self.sequence = sequence
            }
        }

        public struct Reply: Codable, Hashable, Sendable {
            /// One for each denial, in the order they were given in.
            public var receipts: [Receipt]

            public init(receipts: [Receipt]) {
                self.receipts = receipts
            }
        }
    }

    /// ``HelperInterface/guardAddresses``
    public enum Guard {
        public struct Parameters: Codable, Hashable, Sendable {
            /// All of them: the list takes the place of the one before.
            public var addresses: [String]

            public init(addresses: [String]) {
                self.addresses = addresses
            }
        }

        public struct Reply: Codable, Hashable, Sendable {
            /// The caller's own bans that were in force there.
            public var lifted: [Ban]

            public init(lifted: [Ban]) {
                self.lifted = lifted
            }
        }
    }

    /// ``HelperInterface/ban``
    public enum BanMethod {
        public struct Parameters: Codable, Hashable, Sendable {
            public var bans: [BanRequest]

            public init(bans: [BanRequest]) {
                self.bans = bans
            }
        }

        /// As ``Submit/Reply``.
        public typealias Reply = Submit.Reply
    }

    /// ``HelperInterface/lift``
    public enum Lift {
        public struct Parameters: Codable, Hashable, Sendable {
            public var filter: Filter
            /// Only say which bans it would be.
            public var dryRun: Bool?

            public init(filter: Filter, dryRun: Bool? = nil) {
                self.filter = filter
                self.dryRun = dryRun
            }

            private enum CodingKeys: String, CodingKey {
                case filter
                case dryRun = "dry_run"
            }
        }

        public struct Reply: Codable, Hashable, Sendable {
            /// The bans that were lifted.
            public var bans: [Ban]
            /// Whether they will stay lifted after a restart of the helper and a reboot.
            public var durable: Bool

            public init(bans: [Ban], durable: Bool) {
                self.bans = bans
                self.durable = durable
            }
        }
    }

    /// ``HelperInterface/list``
    public enum List {
        public struct Parameters: Codable, Hashable, Sendable {
            /// Absent: all bans.
            public var filter: Filter?

            public init(filter: Filter? = nil) {
                self.filter = filter
            }
        }

        public struct Reply: Codable, Hashable, Sendable {
            public var bans: [Ban]

            public init(bans: [Ban]) {
                self.bans = bans
            }
        }
    }

    /// ``HelperInterface/sets``
    public enum Sets {
        public struct Parameters: Codable, Hashable, Sendable {
            /// Absent: all sets.
            public var name: String?
            /// Whether their elements are wanted as well.
            public var elements: Bool?
            /// Elements of these bans; absent: all elements, also those that belong to no ban.
            public var filter: Filter?
            /// So many of each set at most, 1 to 1000: those that have refused most packets, most first. None that has
            /// refused nothing.
            public var top: Int?

            public init(
                name: String? = nil, elements: Bool? = nil, filter: Filter? = nil, top: Int? = nil
            ) {
                self.name = name
                self.elements = elements
                self.filter = filter
                self.top = top
            }
        }

        public struct Reply: Codable, Hashable, Sendable {
            public var sets: [SetInfo]

            public init(sets: [SetInfo]) {
                self.sets = sets
            }
        }
    }

    /// ``HelperInterface/explain``
    public enum Explain {
        public struct Parameters: Codable, Hashable, Sendable {
            /// An address, a block, an endpoint, a multiaddr, a peer id or a ban's number.
            public var subject: String

            public init(subject: String) {
                self.subject = subject
            }
        }

        /// What is known about the subject.
        public typealias Reply = Explanation
    }

    /// ``HelperInterface/watch``
    public enum Watch {
        public struct Reply: Codable, Hashable, Sendable {
            /// Empty in the first reply: from it on, no event is missed without being told.
            public var events: [Event]

            public init(events: [Event]) {
                self.events = events
            }
        }
    }
}

// MARK: - Errors

extension HelperInterface {
    /// The caller's user may not do this.
    public struct PermissionDenied: VarlinkErrorReply, Hashable {
        public static let name = "org.seedsentinel.Helper.PermissionDenied"
        /// The right that is missing.
        public var right: Right
        /// Who called: `user:seed`.
        public var caller: String
        /// The remedy: it names the configuration key that would allow the call.
        public var message: String

        public init(right: Right, caller: String, message: String) {
            self.right = right
            self.caller = caller
            self.message = message
        }
    }

    /// The call as a whole can't be carried out.
    public struct InvalidRequest: VarlinkErrorReply, Hashable {
        public static let name = "org.seedsentinel.Helper.InvalidRequest"
        /// Where in the parameters: `filter.subject`.
        public var field: String
        /// What is wrong, and the remedy.
        public var message: String

        public init(field: String, message: String) {
            self.field = field
            self.message = message
        }
    }

    /// The table has been released; nothing is enforced until the helper is started again.
    public struct Released: VarlinkErrorReply, Hashable {
        public static let name = "org.seedsentinel.Helper.Released"
        public var message: String

        public init(message: String) {
            self.message = message
        }
    }

    /// The kernel refused.
    public struct KernelRefused: VarlinkErrorReply, Hashable {
        public static let name = "org.seedsentinel.Helper.KernelRefused"
        /// What was being done.
        public var operation: String
        /// The element at fault, where the kernel named one.
        public var element: String?
        /// The errno's name: `ENFILE`.
        public var code: String
        /// What that means here, and the remedy.
        public var message: String

        public init(operation: String, element: String? = nil, code: String, message: String) {
            self.operation = operation
            self.element = element
            self.code = code
            self.message = message
        }
    }
}
