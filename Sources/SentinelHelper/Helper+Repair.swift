// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Logging
internal import Nftables
internal import SentinelConfiguration
internal import SentinelProtocol

/// What others do to the table, and how it is made right again.
extension Helper {
    /// Looks whether somebody else has changed the ruleset, and puts right what is ours.
    func watchTable() {
        guard enforcer.mode != .released else { return }
        do {
            try follow(enforcer.look())
            repairProblem = nil
        } catch {
            // It is looked at again at the next turn.
            enforcer.isSuspect = true
            let problem = "the table was changed by somebody else and can't be repaired: \(error)"
            if problem != repairProblem { logger.error("\(problem)") }
            repairProblem = problem
        }
    }

    private func follow(_ look: Enforcer.Look) throws(NftablesError) {
        switch look {
        case .unchanged: break
        case .damaged: try rebuild()
        case .missing(let what): note(missing: what)
        case .changed:
            if missing != nil {
                try fillAgain()
            } else if [.watched, .shared].contains(enforcer.mode) {
                // What is owned nobody else can change.
                try compareSets()
            }
        }
    }

    /// Puts right what made the kernel refuse a transaction, where it was somebody else's change.
    ///
    /// - Returns: whether it is worth trying again.
    func hasRepaired() -> Bool {
        guard [.watched, .shared].contains(enforcer.mode), let look = try? enforcer.look() else {
            return false
        }
        switch look {
        case .unchanged: return false
        case .changed, .damaged, .missing: return (try? follow(look)) != nil
        }
    }

    /// Puts the table in anew, with everything that it should hold.
    func rebuild() throws(NftablesError) {
        let isThere = try enforcer.tableExists()
        try rebuild(as: enforcer.layout)
        tellRepaired(
            "the table had been \(isThere ? "changed" : "removed") by somebody else, and is right again")
    }

    /// Puts the table in anew with a layout, which stays the one before where the kernel refuses.
    func rebuild(as layout: Layout) throws(NftablesError) {
        let began = clock.monotonic()
        try enforcer.rebuild(as: layout, contents())
        // A million bans take the kernel seconds, and it counts from when it has them.
        let delay = clock.monotonic() - began
        if delay > 0 {
            book.postpone(by: delay)
            recover(covers: covers.keys)
        }
        waiting.removeAll()
        feedsAreInKernel()
        try markUnsaved()
    }

    func tellRepaired(_ message: String) {
        logger.warning("\(message)")
        publish([Event(kind: .repaired, time: Timestamp(rawValue: clock.wall()), message: message)])
    }

    // MARK: A table of the operator's

    /// Takes over the sets of the operator's table, with the bans that an earlier run left there; waits for them where
    /// they are missing.
    func startShared() throws(NftablesError) {
        let what = try enforcer.missing()
        guard what.isEmpty else {
            feedsAreUnknown()
            missing = message(what)
            return
        }
        try enforcer.rewrite(fixedElements())
        feedsAreUnknown()
        try enforcer.apply(compare(Swift.Set(SetKind.ofBans), isLedgerTrue: false))
    }

    /// Says once that nothing is enforced, and why. The book is kept.
    private func note(missing what: [String]) {
        let message = message(what)
        let isNew = missing == nil
        guard message != missing else { return }
        missing = message
        feedsAreUnknown()
        waiting.removeAll()
        audit.stop()
        logger.error("nothing is enforced: \(message)")
        reportToManager()
        guard isNew else { return }
        publish([Event(kind: .missing, time: Timestamp(rawValue: clock.wall()), message: message)])
    }

    /// What is missing, and the remedy.
    private func message(_ what: [String]) -> String {
        let name = enforcer.layout.table.name
        let renamed = name == Configuration.Table().name ? "" : ", with the table renamed to \(name)"
        return "\(what.joined(separator: "; ")). Correct your ruleset, or load the sets into it: "
            + "nft -f /usr/share/seed-sentinel/rules/shared.nft\(renamed)"
    }

    /// The sets are back: they are given what the book has, and what they hold already is kept.
    private func fillAgain() throws(NftablesError) {
        try enforcer.rewrite(fixedElements())
        missing = nil
        reportToManager()
        tellRepaired("the sets are there again in \(enforcer.layout.table), and are filled")
        try compareSets()
    }
}
