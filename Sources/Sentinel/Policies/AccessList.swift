// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// A list of peers, addresses and blocks of addresses, and what being on it means.
///
/// A search takes the same time however long the list is, and allocates nothing. Entries with a term end by
/// themselves; the room they take is used again when the list grows, or by ``removeExpired(now:)``.
public struct AccessList: Policy {
    /// What being on the list means.
    public enum Effect: Hashable, Sendable {
        /// Who is on the list is denied.
        case deny
        /// Who is on the list is admitted, without asking the policies that follow.
        case admit
        /// Who is not on the list is denied; the policies that follow are asked about the others.
        case require
    }

    /// What an entry is about.
    public enum Subject: Hashable, Sendable {
        case peer(PeerID)
        case address(IPAddress)
        case network(IPNetwork)
        /// An address with a port, as it is dialled; of a connection that came in, the port it came from.
        case endpoint(Endpoint)
    }

    /// An entry.
    public struct Entry: Hashable, Sendable {
        /// Why it is on the list.
        public var reason: Reason
        /// When it ends; nil where it doesn't.
        public var expires: MonotonicInstant?

        public init(reason: Reason, expires: MonotonicInstant?) {
            self.reason = reason
            self.expires = expires
        }
    }

    public let name: String
    public let effect: Effect
    /// The checks at which the list is asked.
    public let checks: CheckSet

    private var peers: FlatTable<PeerID, Record>
    private var addresses: AddressTable<Record>
    private var networks: NetworkTable<Record>
    private var endpoints: FlatTable<EndpointKey, Record>
    /// Whether the list keeps what is on it when another chain takes this one's place.
    private let keepsEntries: Bool
    private var reasons: [Reason] = []
    private var reasonNumbers: [Reason: Int] = [:]

    /// Makes an empty list.
    ///
    /// - Parameters:
    ///   - keepsEntries: whether it takes over the entries of the list of the same name that it stands in for when
    ///     another chain takes this one's place, besides its own: for a list that is added to while it is in use.
    ///   - seed: decides where entries lie in memory. Leave it random: whoever knows it can choose addresses that
    ///     make every search slow.
    public init(
        name: String, effect: Effect, checks: CheckSet = .all, keepsEntries: Bool = false,
        seed: HashSeed = .random()
    ) {
        self.keepsEntries = keepsEntries
        self.name = name
        self.effect = effect
        self.checks = checks
        peers = FlatTable(seed: seed)
        addresses = AddressTable(seed: seed)
        networks = NetworkTable(seed: seed)
        endpoints = FlatTable(seed: seed)
    }

    /// Questions never change it.
    public var isFixed: Bool { true }

    /// It isn't told of what is allowed.
    public var observesAllowed: Bool { false }

    // MARK: - Entries

    /// How many entries there are, ended ones that still take room among them.
    public var count: Int { peers.count + addresses.count + networks.count + endpoints.count }

    /// How many there are of each kind.
    public var counts: (peers: Int, addresses: Int, networks: Int, endpoints: Int) {
        (peers.count, addresses.count, networks.count, endpoints.count)
    }

    /// Makes room for the entries of `subjects` besides those that there are, so that adding them moves nothing.
    public mutating func reserveCapacity(for subjects: some Sequence<Subject>) {
        var (peers, addresses4, addresses6, networks4, networks6, endpoints) = (0, 0, 0, 0, 0, 0)
        for subject in subjects {
            switch subject.canonical {
            case .peer: peers += 1
            case .address(.v4): addresses4 += 1
            case .address(.v6): addresses6 += 1
            case .network(let network) where network.family == .ipv4: networks4 += 1
            case .network: networks6 += 1
            case .endpoint: endpoints += 1
            }
        }
        self.peers.reserveCapacity(adding: peers)
        addresses.reserveCapacity(adding: addresses4, addresses6)
        networks.reserveCapacity(adding: networks4, networks6)
        self.endpoints.reserveCapacity(adding: endpoints)
    }

    /// Adds an entry, in place of the one that the subject may have.
    ///
    /// - Parameters:
    ///   - reason: the code that a denial will carry.
    ///   - term: how long the entry stays, rounded up to about a millisecond; nil for good.
    /// - Throws: `tooLong` where the list has had a million different reasons.
    public mutating func insert(
        _ subject: Subject, reason: Reason, for term: Duration? = nil, now: MonotonicInstant
    ) throws(SentinelError) {
        let expires = term.map { now.advanced(by: $0) } ?? .distantFuture
        let record = try Record(expires: expires, reason: number(of: reason))
        switch subject.canonical {
        case .peer(let peer):
            peers.makeRoom { !$1.isValid(now) }
            peers.update(peer, to: record)
        case .address(let address):
            addresses.makeRoom { !$0.isValid(now) }
            addresses.update(address, to: record)
        case .network(let network):
            networks.makeRoom { !$0.isValid(now) }
            networks.update(network, to: record)
        case .endpoint(let endpoint):
            endpoints.makeRoom { !$1.isValid(now) }
            endpoints.update(EndpointKey(endpoint), to: record)
        }
    }

    /// Removes the subject's own entry; entries of blocks that it lies in stay.
    ///
    /// - Returns: the entry, nil where there was none.
    @discardableResult
    public mutating func remove(_ subject: Subject) -> Entry? {
        switch subject.canonical {
        case .peer(let peer): entry(peers.remove(peer))
        case .address(let address): entry(addresses.remove(address))
        case .network(let network): entry(networks.remove(network))
        case .endpoint(let endpoint): entry(endpoints.remove(EndpointKey(endpoint)))
        }
    }

    /// Removes all entries that have ended.
    ///
    /// - Returns: how many.
    @discardableResult
    public mutating func removeExpired(now: MonotonicInstant) -> Int {
        let before = count
        peers.removeAll { !$1.isValid(now) }
        addresses.removeAll { !$0.isValid(now) }
        networks.removeAll { !$0.isValid(now) }
        endpoints.removeAll { !$1.isValid(now) }
        return before - count
    }

    /// The entry that holds for a peer.
    public func entry(for peer: PeerID, now: MonotonicInstant) -> Entry? {
        entry(record(for: peer, now: now))
    }

    /// The entry that holds for an address: its own, or else that of the smallest block that it lies in.
    public func entry(for address: IPAddress, now: MonotonicInstant) -> Entry? {
        entry(record(for: address.canonical, now: now))
    }

    /// The entry that holds for an endpoint: its own, or else that of its address.
    public func entry(for endpoint: Endpoint, now: MonotonicInstant) -> Entry? {
        entry(record(for: endpoint, now: now) ?? record(for: endpoint.address.canonical, now: now))
    }

    private func record(for endpoint: Endpoint, now: MonotonicInstant) -> Record? {
        guard let record = endpoints[EndpointKey(endpoint)], record.isValid(now) else { return nil }
        return record
    }

    private func record(for peer: PeerID, now: MonotonicInstant) -> Record? {
        guard let record = peers[peer], record.isValid(now) else { return nil }
        return record
    }

    private func record(for address: IPAddress, now: MonotonicInstant) -> Record? {
        if let record = addresses[address], record.isValid(now) { return record }
        return networks.longestMatch(address) { $0.isValid(now) }
    }

    private func entry(_ record: Record?) -> Entry? {
        guard let record else { return nil }
        return Entry(reason: reasons[record.reason], expires: record.expires)
    }

    private mutating func number(of reason: Reason) throws(SentinelError) -> Int {
        if let number = reasonNumbers[reason] { return number }
        guard reasons.count < Record.maximumReasonCount else {
            throw SentinelError(
                .tooLong, in: "list \(name)",
                remedy: "at most \(Record.maximumReasonCount) different reasons can be on a list")
        }
        reasons.append(reason)
        reasonNumbers[reason] = reasons.count - 1
        return reasons.count - 1
    }

    // MARK: - Deciding

    public mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict {
        guard checks.contains(question.check) else { return .pass }
        let found = match(question, now: now)
        switch (effect, found) {
        case (.deny, let found?):
            return .deny(denial(question, found, now: now))
        case (.admit, .some): return .admit
        case (.require, nil) where canMatch(question):
            return .deny(
                question.denial(by: name, reason: .notListed, detail: "only who is listed may pass"))
        default: return .pass
        }
    }

    /// The entry that holds for the peer, or else for its endpoint, or else for its address.
    private func match(_ question: borrowing Question, now: MonotonicInstant) -> Record? {
        if peers.count > 0, let peer = question.remote.id, let record = record(for: peer, now: now) {
            return record
        }
        guard let address = question.ipAddress else { return nil }
        if endpoints.count > 0, let endpoint = question.remote.address?.endpoint,
            let record = record(for: endpoint, now: now)
        {
            return record
        }
        return record(for: address, now: now)
    }

    /// Whether the answer can't change any more once more is known: a list with peers on it can't refuse whom
    /// it doesn't know yet, nor one with addresses on it a peer whose address isn't known yet.
    private func canMatch(_ question: borrowing Question) -> Bool {
        (peers.count == 0 || question.remote.id != nil)
            && (addresses.count + networks.count + endpoints.count == 0 || question.remote.address != nil)
    }

    private func denial(_ question: borrowing Question, _ record: Record, now: MonotonicInstant) -> Denial {
        question.denial(
            by: name, reason: reasons[record.reason], detail: "is on the list",
            duration: record.expires.map { now.duration(to: $0) })
    }

    /// Takes over the entries of the list that it stands in for, where it is to.
    public mutating func adopt(_ predecessor: any Policy, now: MonotonicInstant) {
        guard keepsEntries, let old = predecessor as? AccessList else { return }
        // Reasons have numbers of their own in each list.
        let numbers = old.reasons.map { try? number(of: $0) }
        func taken(_ record: Record) -> Record? {
            guard record.isValid(now), let reason = numbers[record.reason] else { return nil }
            return Record(expires: record.expires ?? .distantFuture, reason: reason)
        }
        peers.merge(old.peers, taken)
        addresses.merge(old.addresses, taken)
        networks.merge(old.networks, taken)
        endpoints.merge(old.endpoints, taken)
    }
}

extension AccessList.Subject {
    /// The one form that every way to write the same subject has.
    fileprivate var canonical: AccessList.Subject {
        switch self {
        case .peer: self
        case .address(let address): .address(address.canonical)
        case .network(let network):
            network.isSingleAddress
                ? .address(network.first.canonical) : .network(network.canonical)
        case .endpoint(let endpoint):
            .endpoint(
                Endpoint(
                    address: endpoint.address.canonical, transport: endpoint.transport, port: endpoint.port))
        }
    }
}

extension IPNetwork {
    /// A block of IPv4-mapped IPv6 addresses as the block of IPv4 addresses that are on the wire.
    fileprivate var canonical: IPNetwork {
        guard case .v6(let address) = first, let mapped = address.ipv4Mapped, prefixLength >= 96
        else { return self }
        return IPNetwork(containing: .v4(mapped), prefixLength: prefixLength - 96)
    }
}
