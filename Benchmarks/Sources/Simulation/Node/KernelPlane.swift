// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel

/// A denial on its way to the kernel.
struct BanRequest {
    /// Whom a ban covers, and what counts as the same one.
    enum Subject: Hashable {
        /// As the helper bans a source: an IPv4 address, an IPv6 /64.
        case source(IPAddress)
        /// A block, as widening asks for.
        case network(IPNetwork)
        /// One address and no other, of either family.
        case exactly(IPAddress)

        /// The addresses that are covered.
        var network: IPNetwork {
            switch self {
            case .source(let address):
                IPNetwork(containing: address, prefixLength: address.family == .ipv4 ? 32 : 64)
            case .network(let network): network
            case .exactly(let address): IPNetwork(address)
            }
        }
    }

    /// How long it is to last.
    enum Term {
        /// As the configuration says, by how often it was banned.
        case configured
        /// What the policy wishes.
        case wish(Duration)
        case forGood
    }

    let subject: Subject
    let term: Term
}

/// What the kernel refuses: bans that end by themselves, by the helper's rules.
///
/// The rules are those of `Helper.grant`: of a ban that is in force and a new one for the same subject the later end
/// holds, and only a ban after the last one has ended is a further strike. Durations are the defaults of
/// `systemd/sentinel.toml`.
struct KernelPlane {
    private struct Record {
        var deadline: Int64
        var strikes: Int
        var renewed: Int64
    }

    /// What a set is looked up by.
    fileprivate struct Key: Hashable {
        enum Kind { case source, network, exact }
        let kind: Kind
        let network: IPNetwork
    }

    private var records: [Key: Record] = [:]
    /// The kinds and prefix lengths that there are bans of.
    private var shapes: [(kind: Key.Kind, family: IPAddress.Family, length: Int)] = []
    private let schedule: DurationSchedule
    private var generator: SeededGenerator
    /// How many bans have come about, renewals apart.
    private(set) var banCount = 0

    /// `[durations] node_maximum`.
    private static let nodeMaximum = Duration.seconds(7 * 86_400)

    init(seed: UInt64) throws(SentinelError) {
        generator = SeededGenerator(seed)
        schedule = try DurationSchedule(
            .init(
                first: .seconds(600), factor: 4, maximum: .seconds(7 * 86_400), jitter: 0.1,
                forgetAfter: .seconds(30 * 86_400)))
    }

    /// Whether packets from an address are dropped.
    func drops(_ address: IPAddress, at now: Int64) -> Bool {
        for shape in shapes where shape.family == address.family {
            let network = IPNetwork(containing: address, prefixLength: shape.length)
            if let record = records[Key(kind: shape.kind, network: network)], record.deadline > now {
                return true
            }
        }
        return false
    }

    /// Brings a ban about, or renews it.
    mutating func enforce(_ request: BanRequest, at now: Int64) {
        let network = request.subject.network
        let key = Key(kind: request.subject.kind, network: network)
        let known = records[key]
        let present = known.flatMap { $0.deadline > now ? $0 : nil }
        let strikes = present?.strikes ?? remembered(known, at: now) + 1
        let deadline = max(end(of: request.term, strikes: strikes, at: now), present?.deadline ?? .min)
        if present == nil { banCount += 1 }
        if let present, present.deadline == deadline { return }
        records[key] = Record(deadline: deadline, strikes: strikes, renewed: now)
        if known == nil,
            !shapes.contains(where: {
                $0 == (key.kind, network.family, network.prefixLength)
            })
        {
            shapes.append((key.kind, network.family, network.prefixLength))
        }
    }

    private func remembered(_ record: Record?, at now: Int64) -> Int {
        guard let record, schedule.remembers(strikeAged: .nanoseconds(now - record.renewed)) else { return 0 }
        return record.strikes
    }

    private mutating func end(of term: BanRequest.Term, strikes: Int, at now: Int64) -> Int64 {
        let length: Duration? =
            switch term {
            case .configured: schedule.duration(strikes: strikes, using: &generator)
            case .wish(let wish): min(wish, Self.nodeMaximum)
            case .forGood: nil
            }
        guard let length else { return .max }
        return MonotonicInstant(nanoseconds: now).advanced(by: length).nanoseconds
    }
}

extension BanRequest.Subject {
    fileprivate var kind: KernelPlane.Key.Kind {
        switch self {
        case .source: .source
        case .network: .network
        case .exactly: .exact
        }
    }
}
