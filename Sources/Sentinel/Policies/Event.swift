// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What a policy is told of besides questions. More may be added: have a default where you switch over it.
public enum Event: Hashable, Sendable {
    /// A connection has come about.
    case connectionEstablished(RemotePeer)
    /// A connection has ended.
    case connectionClosed(RemotePeer)
    /// A stream has been opened.
    case streamOpened(RemotePeer, StreamType)
}
