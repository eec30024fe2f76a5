// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import BanLists
internal import Inet
internal import Sentinel
internal import SentinelProtocol

extension BanEntry {
    /// A ban of the helper's, as lists hold it: whom was asked for rather than what the kernel matches, which for IPv6
    /// at accept is the block around. nil where neither can be read.
    init?(_ ban: Ban) {
        guard let subject = Subject(ban) else { return nil }
        self.init(
            subject, created: ListTime(milliseconds: ban.created.rawValue),
            end: ban.expires.map { .at(ListTime(milliseconds: $0.rawValue)) } ?? .forGood,
            notes: Notes(
                reason: ban.reason, detail: ban.detail, peer: ban.peer,
                record: Record(
                    id: ban.id, check: ban.check.rawValue, subject: ban.subject, key: ban.key, set: ban.set,
                    caller: ban.caller, byOperator: ban.byOperator, granted: ban.granted?.rawValue,
                    strikes: Int64(ban.strikes), durable: ban.durable)))
    }
}

extension BanEntry.Subject {
    fileprivate init?(_ ban: Ban) {
        let match = ban.subject.first == "/" ? (try? Multiaddr(parsing: ban.subject))?.kernelMatch : nil
        switch ban.check {
        case .accept:
            guard
                let network = match?.address.map({ IPNetwork($0) }) ?? IPNetwork(ban.subject)
                    ?? IPNetwork(ban.key)
            else { return nil }
            self = .init(network)
        case .network:
            guard let network = IPNetwork(ban.subject) ?? IPNetwork(ban.key) else { return nil }
            self = .init(network)
        case .dial:
            guard let endpoint = match?.endpoint ?? Endpoint(ban.subject) ?? Endpoint(ban.key) else {
                return nil
            }
            self = .endpoint(endpoint)
        }
    }
}
