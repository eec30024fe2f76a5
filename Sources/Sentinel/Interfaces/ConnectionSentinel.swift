// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Decides which connections and streams a node goes on with.
///
/// Source: trait `ConnectionSentinel` of the RFC "Connection Sentinels" (radicle-link, 2021). Its methods take
/// `&mut self`; here they are called from any thread, so an implementer keeps its state behind a lock, and is
/// given its clock when it is made. They are called on the node's hot path: they answer at once, without
/// waiting for anything, and allow without allocating.
public protocol ConnectionSentinel: Sendable {
    /// Whether to go on with a connection. "`allow_connection` is called whenever a new connection might be
    /// established and if it returns `Decision::Deny` then the connection is rejected."
    ///
    /// Called before a dial (``RemotePeer/direction`` outbound; first without an address where the peer's are
    /// not resolved yet, then with each) and for each inbound connection.
    func allowConnection(_ peer: RemotePeer) -> Decision

    /// Whether to open a stream. "`allow_stream` is called whenever a new stream might be opened […], in the
    /// case of a `Deny` decision then `incoming` returns an error, terminating the entire connection." That is
    /// the default of ``Denial/streamAction``; the RFC's alternative is to refuse the stream alone.
    func allowStream(_ peer: RemotePeer, _ type: StreamType) -> Decision

    /// A connection has come about. "This `ConnectionSentinel` is notified when a connection is established
    /// and when new streams are opened."
    func connectionEstablished(_ peer: RemotePeer)

    /// A stream has been opened; see ``connectionEstablished(_:)``.
    func streamOpened(_ peer: RemotePeer, _ type: StreamType)

    /// A stream that had been opened has ended. The RFC doesn't tell of it; who keeps account of open streams needs
    /// it. Does nothing unless an implementer has it do something.
    func streamClosed(_ peer: RemotePeer, _ type: StreamType)
}

extension ConnectionSentinel {
    public func streamClosed(_ peer: RemotePeer, _ type: StreamType) {}
}
