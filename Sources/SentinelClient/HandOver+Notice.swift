// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Sentinel
public import SentinelProtocol

extension HandOver {
    /// What became of a denial, and what the helper tells, for an observer.
    public enum Notice: Hashable, Sendable {
        /// The helper has answered: the kernel blocks it now, or only counts it, or the receipt says why not.
        case answered(SentinelProtocol.Denial, Receipt)
        /// The helper can't read it. The node goes on refusing.
        case rejected(SentinelProtocol.Denial, message: String)
        /// It stays in user space: nothing was handed over.
        case kept(Sentinel.Denial, RemotePeer, because: KeptBecause)
        /// The queue was full, and this was the oldest of the least valuable ones. It comes again when the node
        /// denies it again.
        case dropped(subject: String, reason: Reason)
        /// Its time was over before the helper could be reached.
        case lapsed(subject: String, reason: Reason)
        /// The helper tells what happened, whoever brought it about: a ban by an operator, a lift, an expiry.
        case happened(SentinelProtocol.Event)
        /// A ban covers a connection that is open, so the node has been told to close it.
        case closing(Connection, because: Ban)
    }

    /// Why a denial at a check of the kernel's plane stays in user space.
    public enum KeptBecause: Hashable, Sendable {
        /// The source hasn't proved by a handshake that the address is its own: an attacker would choose whom the
        /// kernel blocks.
        case unvalidated
        /// The kernel can't match the address.
        case unmatchable(Unmatchable)
        /// The address has no TCP or UDP port to match a dial by.
        case noPort
        /// Nothing is known that could be matched: the denial came without an address or a peer.
        case unknown
    }

    /// How the way to the helper is.
    public enum Link: String, Hashable, Sendable, CaseIterable {
        /// It hasn't been tried.
        case unused
        /// The helper answers.
        case connected
        /// The helper can't be reached; it is tried again and again.
        case away
        /// The helper may not listen to this node's user; the log says how to allow it.
        case notPermitted = "not-permitted"
        /// The helper has been told to stop enforcing.
        case released
    }
}
