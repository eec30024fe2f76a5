// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Varlink

extension HelperInterface {
    /// ``HelperInterface/reload``
    public enum Reload {
        public struct Parameters: Codable, Hashable, Sendable {
            /// Whether it is only said what would come of it, and nothing changed.
            public var dryRun: Bool?

            public init(dryRun: Bool? = nil) { self.dryRun = dryRun }

            private enum CodingKeys: String, CodingKey {
                case dryRun = "dry_run"
            }
        }

        /// A key of the configuration that has another value now.
        public struct Change: Codable, Hashable, Sendable {
            /// `[section] key`
            public var key: String
            /// The values as the file writes them; long lists are shortened.
            public var old: String
            public var new: String

            public init(key: String, old: String, new: String) {
                self.key = key
                self.old = old
                self.new = new
            }
        }

        public struct Reply: Codable, Hashable, Sendable {
            /// The configuration's path, as sentineld was started with it.
            public var file: String?
            /// In the order of the file; none where nothing has changed.
            public var changes: [Change]
            /// Whether the kernel's table was made anew, in one transaction and with all bans. Their counters begin at
            /// 0 then.
            public var rebuilt: Bool
            /// How many bans in force take effect by it: their checks have come out of shadow. Absent: no check has.
            public var enforced: Int?
            /// How many bans in force refuse nobody any more: their checks have gone into shadow. Absent: no check has.
            public var shadowed: Int?

            public init(
                file: String? = nil, changes: [Change], rebuilt: Bool, enforced: Int? = nil,
                shadowed: Int? = nil
            ) {
                self.file = file
                self.changes = changes
                self.rebuilt = rebuilt
                self.enforced = enforced
                self.shadowed = shadowed
            }
        }
    }

    /// The configuration can't be taken. Nothing has changed.
    public struct ReloadRefused: VarlinkErrorReply, Hashable {
        public static let name = "org.seedsentinel.Helper.ReloadRefused"
        /// All that stands against it: where, what is wrong, and the remedy.
        public var problems: [String]

        public init(problems: [String]) {
            self.problems = problems
        }
    }
}
