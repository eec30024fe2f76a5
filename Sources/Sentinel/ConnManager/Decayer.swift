// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// "Implemented by connection managers supporting decaying tags. A decaying tag is one whose value
/// automatically decays over time."
///
/// "The actual application of the decay behaviour is encapsulated in a user-provided decaying function. The
/// function is called on every tick (determined by the interval parameter), and returns either the new value
/// of the tag, or whether it should be erased altogether. We do not set values on a decaying tag. Rather, we
/// 'bump' decaying tags by a delta. This calls the BumpFn with the old value and the delta, to determine the
/// new value."
///
/// Source: `Decayer` of go-libp2p's package `connmgr`, which is quoted here. The methods are called from any
/// thread.
public protocol Decayer: Sendable {
    /// "Creates and registers a new decaying tag, if and only if a tag with the supplied name doesn't exist
    /// yet. Otherwise, an error is returned."
    ///
    /// - Parameters:
    ///   - name: tells the tag from other decaying ones.
    ///   - interval: how often it decays; see ``DecayingTag/interval``.
    ///   - decay: what a decay makes of a value.
    ///   - bump: what a bump makes of a value.
    /// - Throws: `malformed` where there is a decaying tag of that name, `outOfRange` for an interval of zero
    ///   or less.
    func registerDecayingTag(
        _ name: String, interval: Duration, decay: Decay, bump: Bump
    ) throws(SentinelError) -> any DecayingTag
}

/// "A long-lived general object, used to operate on tag values for peers."
///
/// Source: `DecayingTag` of go-libp2p's package `connmgr`, which is quoted here. There everything is queued,
/// and fails where the queue is full; here it has happened when the method returns, and where Go errs because
/// the tag is closed it is false.
public protocol DecayingTag: Sendable {
    /// "The name of the tag."
    var name: String { get }

    /// "The effective interval at which this tag will tick. Upon registration, the desired interval may be
    /// overwritten depending on the decayer's resolution."
    var interval: Duration { get }

    /// "Applies a delta to a tag value, calling its bump function."
    ///
    /// - Returns: false where the tag is closed; nothing has happened then.
    @discardableResult
    func bump(_ peer: PeerID, by delta: Int) -> Bool

    /// "Removes a decaying tag from a peer."
    ///
    /// - Returns: false where the tag is closed; it is removed from all peers then.
    @discardableResult
    func remove(from peer: PeerID) -> Bool

    /// "Closes a decaying tag. The Decayer will stop tracking this tag, and the state of all peers in the
    /// Connection Manager holding this tag will be updated." Its name can be registered again. A second close
    /// does nothing.
    func close()
}

/// "Represents a value for a decaying tag."
///
/// Source: `DecayingValue` of go-libp2p's package `connmgr`, which is quoted here.
public struct DecayingValue: Hashable, Sendable {
    /// The name of "the tag this value belongs to".
    public var tag: String
    /// "The peer ID to whom this value is associated."
    public var peer: PeerID
    /// "When this value was added for the first time for a tag and a peer."
    public var added: MonotonicInstant
    /// When it was last bumped. Go doesn't keep it.
    public var lastBump: MonotonicInstant
    /// "The timestamp of the last visit": by a bump or a decay.
    public var lastVisit: MonotonicInstant
    /// "The current value of the tag."
    public var value: Int

    public init(
        tag: String, peer: PeerID, added: MonotonicInstant, lastBump: MonotonicInstant,
        lastVisit: MonotonicInstant, value: Int
    ) {
        self.tag = tag
        self.peer = peer
        self.added = added
        self.lastBump = lastBump
        self.lastVisit = lastVisit
        self.value = value
    }
}
