// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Logging
internal import SentinelProtocol
public import Varlink

extension Helper: VarlinkHandler {
    /// Answers the calls of `org.seedsentinel.Helper`. Each first shows that the caller has the right.
    public func handle(_ call: VarlinkCall) throws(VarlinkFailure) {
        switch call.method {
        case HelperInterface.submit.name: try submit(call)
        case HelperInterface.guardAddresses.name: try guardAddresses(call)
        case HelperInterface.ban.name: try ban(call)
        case HelperInterface.importBans.name: try importBans(call)
        case HelperInterface.lift.name: try lift(call)
        case HelperInterface.list.name: try list(call)
        case HelperInterface.durations.name: try durations(call)
        case HelperInterface.history.name: try history(call)
        case HelperInterface.sets.name: try sets(call)
        case HelperInterface.shadow.name: try shadow(call)
        case HelperInterface.counters.name: try counters(call)
        case HelperInterface.feeds.name: try listFeeds(call)
        case HelperInterface.guarded.name: try guarded(call)
        case HelperInterface.explain.name: try explain(call)
        case HelperInterface.status.name: try status(call)
        case HelperInterface.watch.name: try watch(call)
        case HelperInterface.reload.name: try reload(call)
        case HelperInterface.release.name: try release(call)
        default: throw .methodNotFound(call.method)
        }
    }

    private func submit(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.submit, call.peer)
        let parameters = try call.parameters(of: HelperInterface.submit)
        call.charge(parameters.denials.count)
        let place = try Submissions.Place(parameters, of: call.peer.userID)
        if let place, let receipts = try submissions.answer(to: place, denials: parameters.denials.count) {
            return call.reply(HelperInterface.Submit.Reply(receipts: receipts))
        }
        let receipts = block(parameters.denials.map { BlockRequest($0) }, for: access.caller(call.peer))
        if let place { submissions.keep(receipts, of: place) }
        whenDurable { helper, isDurable in
            let receipts = receipts.map { $0.durable(isDurable) }
            if let place { helper.submissions.update(receipts, of: place) }
            call.reply(HelperInterface.Submit.Reply(receipts: receipts))
        }
    }

    private func ban(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.operate, call.peer)
        let requests = try call.parameters(of: HelperInterface.ban).bans
        let caller = access.caller(call.peer)
        let receipts = block(requests.map { BlockRequest($0) }, for: caller)
        for receipt in receipts where receipt.enforced {
            logger.notice(
                "banned by an operator", metadata: ["subject": "\(receipt.subject)", "caller": "\(caller)"])
        }
        for receipt in receipts where receipt.shadowed == true {
            logger.notice(
                "banned by an operator in shadow, refuses nobody",
                metadata: ["subject": "\(receipt.subject)", "caller": "\(caller)"])
        }
        whenDurable { _, isDurable in
            call.reply(HelperInterface.BanMethod.Reply(receipts: receipts.map { $0.durable(isDurable) }))
        }
    }

    private func release(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.operate, call.peer)
        do {
            try enforcer.release()
        } catch {
            throw VarlinkFailure(kernel: error)
        }
        waiting.removeAll()
        audit.stop()
        feedsAreReleased()
        missing = nil
        manager.forget(name: "nftables")
        manager.notify(.status("released: nothing is enforced until sentineld is restarted"))
        let message =
            "released by \(access.caller(call.peer)): nothing is enforced until sentineld is restarted"
        logger.warning("\(message)")
        publish([Event(kind: .released, time: Timestamp(rawValue: clock.wall()), message: message)])
        call.reply()
    }
}

extension Receipt {
    /// The same, with whether what it tells of is on the disk.
    fileprivate func durable(_ isDurable: Bool) -> Receipt {
        var receipt = self
        receipt.durable = isDurable && id != nil
        return receipt
    }
}
