// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Precedence

/// How long bans last that are of a check, have a reason, or both.
///
/// The nth strike's lasts `first × factor^(n−1)`, at most `maximum`, less a share that chance takes off, up to `jitter`.
public struct Schedule: Codable, Hashable, Sendable {
    /// nil: of any check.
    public var check: Check?
    /// nil: for any reason.
    public var reason: String?
    public var first: Milliseconds
    public var factor: Double
    public var maximum: Milliseconds
    /// From 0 to below 1.
    public var jitter: Double
    /// How long a strike is remembered.
    public var forgetAfter: Milliseconds
    /// The strike from which on a ban is for good; nil: none is.
    public var permanentAfter: Int?

    public init(
        check: Check? = nil, reason: String? = nil, first: Milliseconds, factor: Double,
        maximum: Milliseconds,
        jitter: Double, forgetAfter: Milliseconds, permanentAfter: Int? = nil
    ) {
        self.check = check
        self.reason = reason
        self.first = first
        self.factor = factor
        self.maximum = maximum
        self.jitter = jitter
        self.forgetAfter = forgetAfter
        self.permanentAfter = permanentAfter
    }

    private enum CodingKeys: String, CodingKey {
        case check, reason, first, factor, maximum, jitter
        case forgetAfter = "forget_after"
        case permanentAfter = "permanent_after"
    }
}

extension HelperInterface {
    /// ``HelperInterface/durations``
    public enum Durations {
        public struct Reply: Codable, Hashable, Sendable {
            /// The longest that a node gets where it wishes for a length of its own.
            public var nodeMaximum: Milliseconds
            /// The one that names neither check nor reason comes first.
            public var schedules: [Schedule]

            public init(nodeMaximum: Milliseconds, schedules: [Schedule]) {
                self.nodeMaximum = nodeMaximum
                self.schedules = schedules
            }

            /// The one that holds for a ban; nil where there is none.
            public func schedule(check: Check, reason: String) -> Schedule? {
                Precedence.first(check: check, reason: reason) { check, reason in
                    schedules.first { $0.check == check && $0.reason == reason }
                }
            }

            private enum CodingKeys: String, CodingKey {
                case nodeMaximum = "node_maximum"
                case schedules
            }
        }
    }
}
