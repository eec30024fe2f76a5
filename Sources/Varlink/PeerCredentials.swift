// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CLinux
internal import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Who is at the other end of a Unix socket, as the kernel recorded it at connect(2). The peer can't forge
/// it.
public struct PeerCredentials: Hashable, Sendable {
    /// The process that connected. It may have handed the socket on since, or be gone and its number taken by
    /// another: fit for a log, not for a decision.
    public var processID: Int32
    /// The effective user.
    public var userID: UInt32
    /// The effective group.
    public var groupID: UInt32
    /// The supplementary groups.
    public var groups: [UInt32]

    public init(processID: Int32, userID: UInt32, groupID: UInt32, groups: [UInt32]) {
        self.processID = processID
        self.userID = userID
        self.groupID = groupID
        self.groups = groups
    }

    /// Whether the peer acts with this group's rights, by its effective group or a supplementary one.
    public func isMember(of group: UInt32) -> Bool {
        groupID == group || groups.contains(group)
    }
}

extension PeerCredentials {
    /// Asks the kernel about the peer of a connected Unix socket (SO_PEERCRED, SO_PEERGROUPS in unix(7)).
    init(ofSocket descriptor: CInt) throws(IOError) {
        var peer = clinux_peer()
        guard clinux_peer_credentials(descriptor, &peer) == 0 else {
            throw IOError(errnoCode: errno, reason: "getsockopt SO_PEERCRED")
        }
        var groups = [gid_t](repeating: 0, count: 32)
        var count = Int(clinux_peer_groups(descriptor, &groups, UInt32(groups.count)))
        if count > groups.count {
            groups = [gid_t](repeating: 0, count: count)
            count = Int(clinux_peer_groups(descriptor, &groups, UInt32(groups.count)))
        }
        guard count >= 0, count <= groups.count else {
            throw IOError(errnoCode: errno, reason: "getsockopt SO_PEERGROUPS")
        }
        self.init(
            processID: peer.pid, userID: peer.uid, groupID: peer.gid, groups: Array(groups.prefix(count)))
    }
}
