// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Feeds
internal import Inet
internal import Nftables
internal import SentinelConfiguration
internal import SentinelProtocol

// How bans, elements and sets are told to callers.

extension Helper {
    /// A ban on the wire.
    func ban(_ record: BanRecord) -> Ban {
        let key = record.key.text(ipv6Prefix: enforcer.layout.ipv6Prefix)
        return Ban(
            id: Int64(record.id), check: record.key.check, subject: record.subject ?? key, key: key,
            set: record.key.set.name, peer: record.peer, reason: record.reason, detail: record.detail,
            caller: record.caller, byOperator: record.isOperators,
            granted: record.granted.map { Milliseconds(rawValue: $0) },
            created: Timestamp(rawValue: record.created), expires: record.deadline.map(timestamp),
            strikes: record.strikes, durable: isDurable(record),
            shadowed: enforcer.layout.shadows(record.key.set) ? true : nil)
    }

    /// A point of the monotonic clock as people tell the time.
    func timestamp(_ deadline: MonotonicMilliseconds) -> Timestamp {
        Timestamp(rawValue: clock.wall().addingSaturating(deadline - clock.monotonic()))
    }

    /// What happened to a ban.
    func event(_ change: BanChange) -> Event {
        Event(
            kind: change.kind, time: Timestamp(rawValue: clock.wall()), ban: ban(change.record),
            actor: change.actor == change.record.caller ? nil : change.actor)
    }

    /// A set without its elements.
    func info(_ kind: SetKind) -> SetInfo {
        let set = enforcer.layout[kind]
        let count =
            switch kind {
            case .exempt4: exempt.sets.count(.ipv4)
            case .exempt6: exempt.sets.count(.ipv6)
            case .nodePorts: configuration.node.ports.count
            case .nodeUsers: nodeUsers.count
            case .feed4, .feed6, .feednet4, .feednet6: FeedElements(feeds.inKernel ?? .init(), kind).count
            default: book.activeCount(in: kind)
            }
        var flags: [String] = []
        if set.flags.contains(.interval) { flags.append("interval") }
        if set.flags.contains(.timeout) { flags.append("timeout") }
        return SetInfo(
            name: kind.name, type: set.keyType.description, flags: flags, count: count,
            capacity: kind.capacity(configuration.capacity),
            shadowed: enforcer.layout.shadows(kind) ? true : nil)
    }

    /// An element, as the kernel has it.
    func element(_ element: Element, key: String, ban: UInt64?) -> SetElement {
        func milliseconds(_ duration: Duration?) -> Milliseconds? {
            duration.flatMap { $0 == .zero ? nil : Milliseconds($0) }
        }
        return SetElement(
            key: key, timeout: milliseconds(element.timeout), remaining: milliseconds(element.expiration),
            packets: element.counter.map { Int64(clamping: $0.packets) },
            bytes: element.counter.map { Int64(clamping: $0.bytes) }, comment: element.comment,
            ban: ban.map { Int64($0) })
    }
}
