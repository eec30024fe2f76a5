// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol
internal import Varlink

/// Who may do what: decided by the credentials that the kernel vouches for, never by what a caller says.
struct AccessControl: Hashable, Sendable {
    /// The users and groups that have a right.
    struct Holders: Hashable, Sendable {
        var users: Set<UInt32> = []
        var groups: Set<UInt32> = []

        func contains(_ peer: PeerCredentials) -> Bool {
            users.contains(peer.userID) || groups.contains { peer.isMember(of: $0) }
        }
    }

    var submit: Holders
    var operate: Holders
    /// The names of users, for messages and records.
    private var names = AccountNames()

    init(submit: Holders, operate: Holders) {
        self.submit = submit
        self.operate = operate
    }

    /// Who calls, as records and messages say it: `user:seed`, or `user:1234` where the user has no name.
    mutating func caller(_ peer: PeerCredentials) -> String { "user:\(names.name(ofUser: peer.userID))" }

    /// Whether the peer has a right. Who may operate may submit.
    func allows(_ right: Right, _ peer: PeerCredentials) -> Bool {
        operate.contains(peer) || right == .submit && submit.contains(peer)
    }

    /// Refuses who doesn't have a right.
    mutating func require(_ right: Right, _ peer: PeerCredentials) throws(VarlinkFailure) {
        guard !allows(right, peer) else { return }
        let caller = caller(peer)
        throw VarlinkFailure(
            HelperInterface.PermissionDenied(
                right: right, caller: caller,
                message:
                    "\(caller) may not \(right); to allow it, add \"\(caller)\" or one of the user's groups to "
                    + "[access] \(right) in sentineld's configuration and reload it"))
    }
}
