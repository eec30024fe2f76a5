// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Bans of a list that have the same words.
public struct ImportPart: Codable, Hashable, Sendable {
    public var check: Check
    /// One or more, with spaces between: an address, an endpoint or a block each.
    public var subjects: String
    public var peer: String?
    /// Absent: `operator`.
    public var reason: String?
    public var detail: String?
    /// Absent: by the configuration. Zero: for good.
    public var duration: Milliseconds?

    public init(
        check: Check, subjects: String, peer: String? = nil, reason: String? = nil, detail: String? = nil,
        duration: Milliseconds? = nil
    ) {
        self.check = check
        self.subjects = subjects
        self.peer = peer
        self.reason = reason
        self.detail = detail
        self.duration = duration
    }
}

/// A subject of an import that isn't banned.
public struct ImportRefusal: Codable, Hashable, Sendable {
    /// Its number among all subjects of the import, from 0.
    public var index: Int
    public var subject: String
    public var refusal: Refusal

    public init(index: Int, subject: String, refusal: Refusal) {
        self.index = index
        self.subject = subject
        self.refusal = refusal
    }
}

/// What became of an import.
public struct ImportResult: Codable, Hashable, Sendable {
    /// How many subjects are banned, as often as they were named.
    public var bans: Int
    /// How many of them the kernel doesn't have the place for yet.
    public var pending: Int
    /// Whether all of them will outlive a restart of the helper and a reboot.
    public var durable: Bool
    /// How many subjects are refused beyond those that the reply lists.
    public var unlisted: Int

    public init(bans: Int, pending: Int, durable: Bool, unlisted: Int = 0) {
        self.bans = bans
        self.pending = pending
        self.durable = durable
        self.unlisted = unlisted
    }
}

extension HelperInterface {
    /// ``HelperInterface/importBans``
    public enum Import {
        public struct Parameters: Codable, Hashable, Sendable {
            public var parts: [ImportPart]
            /// That this was all of it.
            public var last: Bool

            public init(parts: [ImportPart], last: Bool) {
                self.parts = parts
                self.last = last
            }
        }

        public struct Reply: Codable, Hashable, Sendable {
            public var refused: [ImportRefusal]
            /// With the last call.
            public var result: ImportResult?

            public init(refused: [ImportRefusal], result: ImportResult? = nil) {
                self.refused = refused
                self.result = result
            }
        }
    }
}
