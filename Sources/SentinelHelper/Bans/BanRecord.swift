// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A point of the host's monotonic clock, the one that the kernel's timeouts follow, in milliseconds.
typealias MonotonicMilliseconds = Int64

/// A ban as the helper holds it.
struct BanRecord: Hashable, Sendable {
    var key: BanKey
    /// Unlike that of any other ban of this run of the helper.
    var id: UInt64 = 0
    /// When it ends; nil: for good.
    var deadline: MonotonicMilliseconds?
    /// When it was granted or last renewed.
    var renewed: MonotonicMilliseconds
    /// When it began, in milliseconds of the wall clock since 1970.
    var created: Int64
    /// How often the key was banned within the time that strikes are remembered, this time among them.
    var strikes: Int
    /// The reason's code.
    var reason: String
    /// Who asked for it: `user:seed`.
    var caller: String
    /// Whether it was asked for with the right to operate.
    var isOperators: Bool
    /// The peer's id, where it is known.
    var peer: String?
    /// The evidence, where there was any.
    var detail: String?
    /// What was asked to be banned, where that reads otherwise than the key.
    var subject: String?

    /// How long it was granted for in milliseconds; nil: for good.
    var granted: Int64? { deadline.map { $0 - renewed } }
}
