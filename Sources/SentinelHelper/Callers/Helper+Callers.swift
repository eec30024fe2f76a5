// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Logging
internal import SentinelProtocol
public import Varlink

// How much one caller may use; the bounds are VarlinkService.Limits, as [socket] has them.

extension Helper {
    /// Root and those who may operate aren't held to the rates, and have places of their own.
    public func isTrusted(_ peer: PeerCredentials) -> Bool {
        peer.userID == 0 || access.allows(.operate, peer)
    }

    /// What was taken from a caller is for the operator to know. The messages are always the same, so that the log
    /// counts them.
    public func connectionDropped(_ drop: VarlinkDrop) {
        let caller = drop.peer.map { access.caller($0) } ?? "unknown"
        func log(_ message: Logger.Message, _ more: Logger.Metadata) {
            logger.warning(message, metadata: more.merging(["caller": "\(caller)"]) { $1 })
        }
        switch drop.cause {
        case .tooManyConnections(let scope, let limit):
            log(
                "turned a caller away: there are as many connections as there may be; see [socket] in the configuration",
                ["scope": "\(scope)", "limit": "\(limit)"])
        case .tooManyBytes(let limit):
            log(
                "dropped a caller whose connections hold too much; see [socket] bytes_per_user",
                ["limit": "\(limit)"])
        case .unsentBytes(let limit):
            log("dropped a caller who doesn't read his replies", ["unsent_bytes": "\(limit)"])
        case .stalled(let patience):
            log(
                "dropped a caller who hasn't read anything for a long time; see [socket] stalled_after",
                ["seconds": "\(patience.components.seconds)"])
        case .noDescriptor(let code):
            logger.error(
                "turned a caller away: there is no file descriptor left; raise LimitNOFILE= in sentineld's unit",
                metadata: ["errno": "\(code)"])
        }
    }

    /// What a call costs that looks through all bans, in denials: so many bans cost as much as one.
    func chargeForScan(_ call: VarlinkCall) { call.charge(1 + book.activeCount / Self.bansPerDenial) }

    static var bansPerDenial: Int { 100 }
}
