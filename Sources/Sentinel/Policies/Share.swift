// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What an instance of a policy keeps account of, of all that a question or an event is about.
///
/// A sentinel has several instances of each policy, so that several threads can ask at once, and each of them keeps
/// account of some addresses and of some peers. Where a question's address is one instance's and its peer another's,
/// both are asked, each about its own.
public struct Share: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The IP address.
    public static let source = Share(rawValue: 1 << 0)
    /// The peer.
    public static let peer = Share(rawValue: 1 << 1)
    /// What is neither: of the instances that are asked, one has it.
    public static let rest = Share(rawValue: 1 << 2)

    /// Everything: there is one instance, or it has both the address and the peer.
    public static let all: Share = [.source, .peer, .rest]
}
