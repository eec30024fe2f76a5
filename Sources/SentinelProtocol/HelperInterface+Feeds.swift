// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A file whose addresses and blocks the kernel refuses: a `[[feed]]` of the configuration.
public struct Feed: Codable, Hashable, Sendable {
    public var name: String
    public var path: String
    /// What it was read as; absent: it couldn't be read yet.
    public var format: String?
    /// How many single addresses of it are in force.
    public var addresses: Int
    /// How many blocks, neighbouring ones as one.
    public var blocks: Int
    /// How many of its entries weren't taken.
    public var refused: Int
    /// How many had ended already.
    public var ended: Int
    /// The first of those that weren't taken, in words.
    public var refusals: [String]
    /// How many of its addresses and blocks guards cover, in part or as a whole.
    public var guarded: Int
    /// When it was read last.
    public var read: Timestamp?
    /// When the file had been put there.
    public var refreshed: Timestamp?
    /// How old it may become; absent: as old as it likes.
    public var maxAge: Milliseconds?
    /// What is wrong with it, with the remedy.
    public var problem: String?

    public init(
        name: String, path: String, format: String? = nil, addresses: Int, blocks: Int, refused: Int,
        ended: Int,
        refusals: [String] = [], guarded: Int, read: Timestamp? = nil, refreshed: Timestamp? = nil,
        maxAge: Milliseconds? = nil, problem: String? = nil
    ) {
        self.name = name
        self.path = path
        self.format = format
        self.addresses = addresses
        self.blocks = blocks
        self.refused = refused
        self.ended = ended
        self.refusals = refusals
        self.guarded = guarded
        self.read = read
        self.refreshed = refreshed
        self.maxAge = maxAge
        self.problem = problem
    }

    private enum CodingKeys: String, CodingKey {
        case name, path, format, addresses, blocks, refused, ended, refusals, guarded, read, refreshed,
            problem
        case maxAge = "max_age"
    }
}

extension HelperInterface {
    /// ``HelperInterface/feeds``
    public enum Feeds {
        public struct Reply: Codable, Hashable, Sendable {
            /// In the order of the configuration.
            public var feeds: [Feed]

            public init(feeds: [Feed]) {
                self.feeds = feeds
            }
        }
    }
}
