// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import SentinelConfiguration
internal import SentinelProtocol
internal import Varlink

extension Helper {
    /// Whom nothing may block, and why, in pages where the call asks for more.
    func guarded(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.operate, call.peer)
        refreshGuards(.operators)
        let entries = guardEntries
        if call.wantsMore {
            sendPage(entries[...], call)
            return
        }
        guard entries.count <= Self.mostInOneReply else {
            throw VarlinkFailure(
                "",
                "more than \(Self.mostInOneReply) addresses are guarded, too many for one reply; ask for more replies"
            )
        }
        call.reply(HelperInterface.Guarded.Reply(entries: entries))
    }

    /// In the order in which guards are asked.
    private var guardEntries: [GuardEntry] {
        func entry(_ network: IPNetwork, _ name: GuardName, _ caller: String? = nil) -> GuardEntry {
            GuardEntry(
                network: NetworkText(network).description, guardName: name, caller: caller,
                inKernel: enforcer.mode != .released && missing == nil && exempt.sets.contains(network))
        }
        return guards.entries.map { entry($0.network, $0.name) }
            + protected.callers.sorted { $0.key < $1.key }.map {
                entry(IPNetwork($0.key), .protected, $0.value)
            }
    }

    private func sendPage(_ entries: ArraySlice<GuardEntry>, _ call: VarlinkCall) {
        var rest = entries
        while call.isOpen {
            guard call.isWritable else {
                let left = rest
                call.whenWritable(on: self) { helper in helper.sendPage(left, call) }
                return
            }
            let reply = HelperInterface.Guarded.Reply(entries: Array(rest.prefix(Self.guardPageSize)))
            rest = rest.dropFirst(Self.guardPageSize)
            guard !rest.isEmpty else { return call.reply(reply) }
            call.replyContinuing(reply)
        }
    }

    private static var guardPageSize: Int { 1000 }
}
