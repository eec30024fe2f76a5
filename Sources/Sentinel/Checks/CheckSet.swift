// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Some of the checks.
public struct CheckSet: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Just this one.
    @inlinable
    public init(_ check: Check) {
        rawValue = 1 << check.rawValue
    }

    public static let peerDial = CheckSet(.peerDial)
    public static let addressDial = CheckSet(.addressDial)
    public static let accept = CheckSet(.accept)
    public static let secured = CheckSet(.secured)
    public static let upgraded = CheckSet(.upgraded)
    public static let stream = CheckSet(.stream)

    /// Both checks before a dial.
    public static let dials: CheckSet = [.peerDial, .addressDial]
    /// Every check.
    public static let all: CheckSet = [.peerDial, .addressDial, .accept, .secured, .upgraded, .stream]

    /// Whether `check` is one of them.
    @inlinable
    public func contains(_ check: Check) -> Bool {
        contains(CheckSet(check))
    }
}
