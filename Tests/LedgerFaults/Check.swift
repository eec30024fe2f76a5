// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Ledger
import LedgerSupport

/// Opens what a run has left, and holds it against what the run was told.
enum Check {
    /// - Returns: whether all that was said to be durable is there, and no batch is there by half.
    static func run(_ arguments: Arguments) throws -> Bool {
        var (clock, chronicle) = Run.clock(arguments)
        let acks = Acks(path: arguments.text("--acks") ?? "acks").read()
        var states = [0: chronicle.state]
        for batch in 0..<acks.tried {
            // Nothing before what was durable may be found.
            states = states.filter { $0.key >= acks.durable }
            _ = chronicle.batch(arguments.number("--size", 8))
            states[batch + 1] = chronicle.state
        }
        let (told, opening, events) = try open(arguments, clock)
        let found = states.first { $0.value.bans == told.bans && $0.value.offences == told.offences }
        let summary =
            "\(told.bans.count) bans and \(events) events, as after batch \(found.map { "\($0.key)" } ?? "none"); tried \(acks.tried), durable \(acks.durable); "
            + "\(opening)"
        if arguments.has("--salvaged") {
            let phantoms = told.bans.values.filter { chronicle.bansEver[$0.id]?.contains($0) != true }
            let missing = chronicle.state.bans.keys.filter { told.bans[$0] == nil }
            print(summary, "\(phantoms.count) that never were, \(missing.count) missing")
            return phantoms.isEmpty && missing.count <= Specimen.rowsInPage
        }
        print(summary)
        guard let found, found.key >= acks.durable,
            events == found.value.events, told.nextID >= found.value.next,
            opening == .whole || (opening == .created && acks.durable == 0)
        else { return false }
        let (again, second, _) = try open(arguments, clock)
        return second == .whole && again.bans == told.bans && again.offences == told.offences
    }

    private static func open(
        _ arguments: Arguments, _ clock: ManualClock
    ) throws -> (told: Told, opening: LedgerOpening, events: Int) {
        var told = Told()
        let (ledger, opening) = try Ledger.open(
            directory: arguments.text("--directory") ?? ".", clock: clock.clock(), reader: &told,
            whenChanged: { _ in })
        defer { ledger.close() }
        // A disk that can't be read is only told of here.
        return (told, opening, (try? ledger.events().count) ?? 0)
    }
}
