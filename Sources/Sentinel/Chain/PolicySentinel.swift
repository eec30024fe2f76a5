// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet

/// Decides by a chain of policies: the node's sentinel, its gater and its notifiee in one.
///
/// The policies are asked in their order; the first that denies decides, the first that admits ends the asking,
/// and where none does either, it is allowed. A denial is reviewed before it holds: a policy may widen it, keep it
/// in user space, or set it aside, and then those behind are asked. Every policy is told every decision and event,
/// those that weren't asked as well.
///
/// There are several instances of each policy, each with a lock of its own, and each keeps account of some
/// addresses, by their first 16 bits (IPv4) or 32 (IPv6), and of some peers. A question takes the lock of the
/// address's and that of the peer's, so threads that ask about different ones don't wait for each other.
///
/// A node asks either by the methods of ``ConnectionSentinel`` or by those of ``ConnectionGater``, and reports a
/// connection either by ``connectionEstablished(_:)`` or as a ``Notifiee``: whoever does both is counted twice.
/// All methods may be called from any thread.
public final class PolicySentinel: Sendable {
    private let clock: MonotonicClock
    /// In the object itself: to count references to something that all threads share would have them wait for each
    /// other.
    private let shards: InlineArray<64, ChainShard>
    /// Whom policies that come with a reload are to know as protected. As many as the node itself protects.
    private let protected = Guarded<Set<PeerID>>([])
    /// Decides where peers and addresses belong.
    private let seed: HashSeed

    /// So many instances of each policy there are: far more than there are threads that ask at a time.
    public static var instanceCount: Int { 64 }

    /// IPv4 addresses that agree in so many bits belong to the same instance. No policy may keep account of wider
    /// blocks.
    public static var widestPrefixLength4: Int { 16 }
    /// IPv6 addresses that agree in so many bits belong to the same instance.
    public static var widestPrefixLength6: Int { 32 }

    /// - Parameters:
    ///   - policies: the chain, the first to be asked first. Their names must differ.
    ///   - clock: tells the time that the policies count in.
    ///   - seed: decides which instances keep account of whom. Leave it random: whoever knows it can have all his
    ///     peers kept account of by one.
    /// - Throws: `malformed` where two policies have the same name.
    public init(
        _ policies: [any Policy], clock: @escaping MonotonicClock, seed: HashSeed = .random()
    ) throws(SentinelError) {
        try Self.validate(policies)
        self.clock = clock
        self.seed = seed
        let tallies = policies.map { PolicyTally.Counter($0.name) }
        shards = InlineArray { _ in
            ChainShard(policies.map { $0.instance(of: Self.instanceCount) }, tallies)
        }
    }

    private static func validate(_ policies: [any Policy]) throws(SentinelError) {
        var names: Set<String> = []
        for policy in policies where !names.insert(policy.name).inserted {
            throw SentinelError(
                .malformed, in: "policy \(policy.name)", remedy: "each policy needs a name of its own")
        }
    }

    /// The chain's names, in their order.
    public var policyNames: [String] {
        shards[0].links.withLock { $0.map(\.policy.name) }
    }

    /// What each policy has decided, in the chain's order.
    public var tallies: [PolicyTally] {
        shards[0].links.withLock { links in links.map(\.counter) }.map(\.tally)
    }

    // MARK: - Deciding

    /// The answer to a question.
    public func decide(_ question: borrowing Question) -> Decision {
        ask(question)?.decision ?? .allow
    }

    /// The answer to a question, with what was set aside on the way to it.
    public func rule(on question: borrowing Question) -> Ruling {
        ask(question) ?? Ruling(decision: .allow)
    }

    @inline(__always)
    private func ask(_ question: borrowing Question) -> Ruling? {
        let now = clock()
        return withShards(question.ipAddress, question.remote.id) { links, other in
            ChainAsking.ask(question, &links, other, now: now)
        }
    }

    /// Tells every policy what has happened.
    public func observe(_ event: Event) {
        let now = clock()
        switch event.kind {
        case .protected, .unprotected: observeEverywhere(event, now: now)
        default:
            withShards(event.ipAddress, event.remote.id) { links, other in
                var event = event
                event.share = other == nil ? .all : [.source, .rest]
                for index in links.indices { links[index].policy.observe(event, now: now) }
                guard let other else { return }
                event.share = .peer
                for index in other.pointee.indices { other.pointee[index].policy.observe(event, now: now) }
            }
        }
    }

    private func observeEverywhere(_ event: Event, now: MonotonicInstant) {
        if let peer = event.remote.id {
            protected.withLock { protected in
                if event.kind == .protected { protected.insert(peer) } else { protected.remove(peer) }
            }
        }
        for number in shards.indices {
            let event = self.event(event, for: number)
            shards[number].links.withLock { links in
                for index in links.indices { links[index].policy.observe(event, now: now) }
            }
        }
    }

    /// The event as it is told to the instances of one number, where all are told.
    private func event(_ event: Event, for number: Int) -> Event {
        var event = event
        event.share = number == event.remote.id.map { shard(of: $0) } ?? 0 ? .all : []
        return event
    }

    // MARK: - Changing

    /// Puts another chain in the place of this one, at once for all questions to come. A policy that has the name of
    /// one that was there takes over what that one has remembered, as far as the two are alike.
    ///
    /// - Throws: as ``init(_:clock:seed:)``; then nothing has changed.
    public func replacePolicies(_ policies: [any Policy]) throws(SentinelError) {
        try Self.validate(policies)
        let now = clock()
        var counters: [String: PolicyTally.Counter] = [:]
        shards[0].links.withLock { links in
            for link in links { counters[link.policy.name] = link.counter }
        }
        let tallies = policies.map { counters[$0.name] ?? PolicyTally.Counter($0.name) }
        withAllShards { shards in
            // What is fixed is the same in all instances, and stays one in memory.
            let fixed = policies.map { policy in
                policy.isFixed ? Self.successor(policy, to: shards[0].pointee, now: now) : nil
            }
            let known = protected.withLock { $0 }
            for (number, shard) in shards.enumerated() {
                let former = Set(shard.pointee.map(\.policy.name))
                shard.pointee = policies.indices.map { index in
                    let policy = fixed[index] ?? Self.successor(policies[index], to: shard.pointee, now: now)
                    return ChainLink(policy, tallies[index])
                }
                for peer in known {
                    let event = event(.protected(peer), for: number)
                    for index in policies.indices where !former.contains(policies[index].name) {
                        shard.pointee[index].policy.observe(event, now: now)
                    }
                }
            }
        }
    }

    /// An instance of a policy that has taken over what the one of its name has remembered.
    private static func successor(
        _ policy: any Policy, to links: [ChainLink], now: MonotonicInstant
    ) -> any Policy {
        var instance = policy.instance(of: instanceCount)
        if let old = links.first(where: { $0.policy.name == policy.name })?.policy {
            instance.adopt((old as? Shadowed)?.policy ?? old, now: now)
        }
        return instance
    }

    /// Calls `body` with each instance of the policy of this name and type, under its lock: with the one that there
    /// is of a list, to add to it; with each of those that keep account, to look at what they remember. No check is
    /// answered meanwhile that needs the instance.
    ///
    /// - Returns: what `body` gives for each; nothing where there is no such policy.
    @discardableResult
    public func withPolicy<Kind: Policy, Result: Sendable>(
        _ name: String, as kind: Kind.Type, _ body: (inout Kind, MonotonicInstant) -> Result
    ) -> [Result] {
        let now = clock()
        return withAllShards { shards in
            let index = shards[0].pointee.firstIndex { $0.policy.name == name && $0.policy.is(kind) }
            guard let index else { return [] }
            guard shards[0].pointee[index].isFixed else {
                return shards.compactMap { $0.pointee[index].change(as: kind) { body(&$0, now) } }
            }
            // One of them is changed while no other has hold of what it holds, or changing it would copy it.
            for shard in shards.dropFirst() { shard.pointee[index].policy = Vacancy(name: name) }
            let result = shards[0].pointee[index].change(as: kind) { body(&$0, now) }
            for shard in shards.dropFirst() { shard.pointee[index].policy = shards[0].pointee[index].policy }
            return result.map { [$0] } ?? []
        }
    }

    // MARK: - Locks

    private func shard(of address: IPAddress) -> Int {
        let prefix: UInt64 =
            switch address {
            case .v4(let address): UInt64(address.bits >> UInt32(32 - Self.widestPrefixLength4))
            case .v6(let address): address.high >> UInt64(64 - Self.widestPrefixLength6) | 1 << 32
            }
        // A multiplicative hash: which addresses share a lock is no secret worth more.
        let hash = (prefix ^ seed.second) &* (seed.first | 1)
        return Int(truncatingIfNeeded: hash >> 32) & (Self.instanceCount - 1)
    }

    private func shard(of peer: PeerID) -> Int {
        Int(truncatingIfNeeded: peer.hash(seed)) & (Self.instanceCount - 1)
    }

    /// Calls `body` with the instances that keep account of the address, or else of the peer; and with those of the
    /// peer where they are others.
    private func withShards<Result: Sendable>(
        _ address: IPAddress?, _ peer: PeerID?,
        _ body: (inout [ChainLink], UnsafeMutablePointer<[ChainLink]>?) -> Result
    ) -> Result {
        let source = address.map { shard(of: $0) }
        let identity = peer.map { shard(of: $0) }
        let first = source ?? identity ?? 0
        guard let second = identity, second != first else {
            return shards[first].links.withLock { body(&$0, nil) }
        }
        // The lower number first: two that wait for each other would wait for ever.
        return shards[min(first, second)].links.withLock { low in
            shards[max(first, second)].links.withLock { high in
                first < second
                    ? withUnsafeMutablePointer(to: &high) { body(&low, $0) }
                    : withUnsafeMutablePointer(to: &low) { body(&high, $0) }
            }
        }
    }

    private func withAllShards<Result: Sendable>(
        _ body: ([UnsafeMutablePointer<[ChainLink]>]) -> Result
    ) -> Result {
        func lock(_ held: [UnsafeMutablePointer<[ChainLink]>]) -> Result {
            guard held.count < shards.count else { return body(held) }
            return shards[held.count].links.withLock { links in
                withUnsafeMutablePointer(to: &links) { lock(held + [$0]) }
            }
        }
        return lock([])
    }
}
