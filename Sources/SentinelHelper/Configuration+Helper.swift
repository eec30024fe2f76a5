// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Sentinel
internal import SentinelConfiguration
internal import SentinelProtocol

// The configuration's values in the helper's own terms.

extension DurationSchedules<Check> {
    /// - Throws: ``HelperError`` where a term is out of range.
    init(_ durations: Configuration.Durations) throws(HelperError) {
        func schedule(_ terms: Configuration.Durations.Terms) throws(HelperError) -> DurationSchedule {
            do {
                return try DurationSchedule(
                    .init(
                        first: terms.first, factor: terms.factor, maximum: terms.maximum,
                        jitter: terms.jitter,
                        forgetAfter: terms.forgetAfter, permanentAfter: terms.permanentAfter))
            } catch {
                throw HelperError(.configuration, "[durations] \(error)")
            }
        }
        func byReason(
            _ terms: [String: Configuration.Durations.Terms]
        ) throws(HelperError) -> [Reason: DurationSchedule] {
            var schedules: [Reason: DurationSchedule] = [:]
            for (name, terms) in terms {
                guard let reason = Reason(name) else {
                    throw HelperError(.configuration, "[durations] reason \"\(name)\" is no reason's code")
                }
                schedules[reason] = try schedule(terms)
            }
            return schedules
        }
        self.init(fallback: try schedule(durations.fallback))
        self.byReason = try byReason(durations.byReason)
        for (check, terms) in durations.byCheck { byCheck[check.onWire] = try schedule(terms) }
        for (check, terms) in durations.byCheckAndReason {
            byCheckAndReason[check.onWire] = try byReason(terms)
        }
    }
}

extension Configuration.Check {
    var onWire: Check {
        switch self {
        case .accept: .accept
        case .dial: .dial
        case .network: .network
        }
    }
}

extension BanBook {
    /// How many bans there may be in all.
    static func capacity(_ capacity: Configuration.Capacity) -> Int {
        SetKind.ofBans.reduce(0) { $0 + ($1.capacity(capacity) ?? 0) }
    }
}

extension AccessControl {
    /// Principals that the system doesn't know have no rights; whom they are meant for is told why when he calls.
    init(_ access: Configuration.Access) {
        self.init(submit: Holders(access.submit), operate: Holders(access.operate))
    }
}

extension AccessControl.Holders {
    init(_ principals: [Principal]) {
        for principal in principals {
            switch principal {
            case .user(let account):
                if let number = AccountNames.user(account.description) { users.insert(number) }
            case .group(let account):
                if let number = AccountNames.group(account.description) { groups.insert(number) }
            }
        }
    }
}
