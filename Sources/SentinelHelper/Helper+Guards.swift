// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Logging
internal import Nftables
internal import SentinelConfiguration
internal import SentinelProtocol

/// What the helper knows of whom nothing may block, and what of it the kernel knows.
struct ExemptState {
    /// What the kernel has.
    var sets: ExemptSets
    /// Protected addresses that stay out for now.
    var heldBack = HeldBack()
    /// Protected addresses that have come or gone, of which the kernel hasn't been told.
    var untold: Swift.Set<IPAddress> = []
    /// Why the kernel couldn't be told; nil where it could.
    var problem: String?
}

extension Helper {
    /// Whom nothing may block, besides protected peers, as of the last look.
    var guards: Guards { hostGuards.guards }

    /// Looks at what the guards follow, and tells the kernel what has changed.
    func refreshGuards(_ occasion: HostGuards.Occasion) {
        let change = hostGuards.refresh(at: clock.monotonic(), occasion)
        for (part, text) in Self.changes where change.contains(part) { logger.info("\(text)") }
        if occasion != .batch { reconsiderHeldBack() }
        updateExempt(occasion == .batch ? .whenCheap : .now)
    }

    private static let changes: [(HostGuards.Change, String)] = [
        (.network, "the host's addresses or gateways have changed, and are guarded"),
        (.resolvers, "the host's name servers have changed, and are guarded"),
        (.sessions, "other addresses than before are guarded for SSH sessions"),
    ]

    /// Sets the guards as a configuration wants them.
    func setGuards(_ configuration: Configuration) {
        hostGuards.apply(GuardSettings(configuration), at: clock.monotonic())
        updateExempt()
    }

    // MARK: The kernel's exempt sets

    /// When the kernel is told that protected addresses have come or gone.
    enum Telling {
        case now
        /// At once while there are few; else each second. A change of an interval set costs the kernel a time that grows
        /// with the set, with 4000 addresses 1.5 ms, whatever the change is. No ban comes about meanwhile.
        case whenCheap
    }

    /// So many protected addresses are few.
    private static var fewAddresses: Int { 512 }

    /// Tells the kernel whom nothing may block now, where that is no longer what it knows. What can't be told is tried
    /// again a second later.
    func updateExempt(_ telling: Telling = .now) {
        exempt.untold.formUnion(protected.takeChanged())
        let haveGuardsChanged = exempt.sets.guards != guards
        let mayTell = telling == .now || exempt.sets.addresses.count <= Self.fewAddresses
        guard enforcer.mode != .released, haveGuardsChanged || mayTell && !exempt.untold.isEmpty else {
            return
        }
        noteHeldBack(exempt.untold)
        var wanted = exempt.sets
        var difference = ExemptSets.Difference()
        if haveGuardsChanged {
            difference = wanted.replace(guards, protected.addresses.filter { !exempt.heldBack.contains($0) })
        } else {
            for address in exempt.untold {
                let isExempt = protected.contains(address) && !exempt.heldBack.contains(address)
                wanted.set(address, isExempt: isExempt, noting: &difference)
            }
        }
        do {
            // Sets that aren't there are filled when they are back.
            if missing == nil { try enforcer.changeExempt(difference) { wanted.elements } }
            exempt.sets = wanted
            exempt.untold = []
            exempt.problem = nil
        } catch {
            let problem = "the kernel can't be told whom nothing may block: \(error)"
            if problem != exempt.problem { logger.error("\(problem)") }
            exempt.problem = problem
        }
    }

    /// Sees to it that no ban comes about at an address of which the kernel still has to be told that it is nobody's.
    func updateExempt(before bans: [BanKey]) {
        guard !exempt.untold.isEmpty else { return }
        let areConcerned = bans.contains { key in
            key.check == .network || key.set == .accept6 || exempt.untold.contains(key.address)
        }
        if areConcerned { updateExempt() }
    }

    private func noteHeldBack(_ addresses: Swift.Set<IPAddress>) {
        for address in addresses { exempt.heldBack.remove(address) }
        let present = addresses.filter { protected.contains($0) }
        for (address, key) in bans(touching: present) { exempt.heldBack.insert(address, for: key) }
    }

    /// Bans that held addresses back may have ended.
    func reconsiderHeldBack() {
        for key in exempt.heldBack.keys where book[key] == nil {
            exempt.untold.formUnion(exempt.heldBack.release(key))
        }
    }

    /// For each of these addresses on which there are bans, one that is in force.
    private func bans(touching addresses: Swift.Set<IPAddress>) -> [IPAddress: BanKey] {
        var found: [IPAddress: BanKey] = [:]
        guard !addresses.isEmpty, book.activeCount > 0 else { return found }
        let prefix = enforcer.layout.ipv6Prefix
        for set in [SetKind.dial4, .dial6] where book.activeCount(in: set) > 0 {
            for key in book.keys(in: set) where addresses.contains(key.address) { found[key.address] = key }
        }
        for address in addresses {
            let source = BanKey(source: address, ipv6Prefix: prefix)
            if book[source] != nil { found[address] = source }
            let kind = SetKind(check: .network, family: address.family)
            if let segment = covers[kind]?.segment(holding: address) { found[address] = segment.id }
        }
        return found
    }

    // MARK: For people

    /// How many addresses and blocks each guard holds.
    var guardCounts: [GuardCount] {
        guards.counts.map { GuardCount(name: $0.name, count: $0.count) }
            + (protected.count > 0 ? [GuardCount(name: .protected, count: protected.count)] : [])
    }
}
