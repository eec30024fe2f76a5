// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A connection that a service has closed by itself, because its client took more than it may.
public struct VarlinkDrop: Sendable {
    /// Which bound was met.
    public enum Cause: Hashable, Sendable {
        /// There are as many connections as there may be, of all or of this user.
        case tooManyConnections(scope: String, limit: Int)
        /// The connections of the user held more than ``VarlinkService/Limits/bytesPerUser``.
        case tooManyBytes(limit: Int)
        /// Replies were waiting, more than ``VarlinkService/Limits/unsentBytes``, and another one came.
        case unsentBytes(limit: Int)
        /// Replies were waiting, and none of them was read for ``VarlinkService/Limits/stalledAfter``.
        case stalled(Duration)
        /// The process or the system has no descriptor left (EMFILE, ENFILE in accept(2)); the code is the errno.
        case noDescriptor(code: Int32)
    }

    public var cause: Cause
    /// Who was connected; nil for ``Cause/noDescriptor(code:)``, where there was no time to ask.
    public var peer: PeerCredentials?
}
