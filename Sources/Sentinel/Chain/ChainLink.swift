// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// One instance of a policy in its place in the chain.
struct ChainLink: Sendable {
    var policy: any Policy
    /// Shared by all instances.
    let counter: PolicyTally.Counter
    /// What the policy says of itself, at hand so that nobody has to ask it each time.
    let checks: CheckSet
    let isFixed: Bool
    let isShadow: Bool
    let observesAllowed: Bool

    init(_ policy: any Policy, _ counter: PolicyTally.Counter) {
        self.policy = policy
        self.counter = counter
        checks = policy.checks
        isFixed = policy.isFixed
        isShadow = policy.isShadow
        observesAllowed = policy.observesAllowed
    }

    /// Calls `body` with the policy, or with what it is the shadow of.
    ///
    /// - Returns: nil where it is of another type.
    mutating func change<Kind: Policy, Result>(as kind: Kind.Type, _ body: (inout Kind) -> Result) -> Result?
    {
        guard var changed = policy as? Kind ?? (policy as? Shadowed)?.policy as? Kind else { return nil }
        // Taken out meanwhile, or changing it would copy it.
        policy = Vacancy(name: changed.name)
        let result = body(&changed)
        policy = isShadow && kind != Shadowed.self ? Shadowed(changed) : changed
        return result
    }
}

extension Policy {
    /// Whether it is of this type, or the shadow of one.
    func `is`<Kind: Policy>(_ kind: Kind.Type) -> Bool {
        self is Kind || (self as? Shadowed)?.policy is Kind
    }
}

/// Keeps a policy's place in the chain while the policy is taken out.
struct Vacancy: Policy {
    let name: String

    mutating func decide(_ question: borrowing Question, now: MonotonicInstant) -> Verdict { .pass }
}

/// The instances that keep account of the same addresses and peers, with their lock.
struct ChainShard: ~Copyable, Sendable {
    let links: Guarded<[ChainLink]>
    /// Begins at a multiple of 64 bytes, and so does what it is in: a lock is in one cache line, and alone there.
    private let padding = SIMD64<UInt8>()

    init(_ policies: [any Policy], _ counters: [PolicyTally.Counter]) {
        links = Guarded(zip(policies, counters).map { ChainLink($0, $1) })
    }
}
