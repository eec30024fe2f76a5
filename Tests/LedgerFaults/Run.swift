// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Glibc
import Ledger
import LedgerSupport

/// What a helper does, in small: writes batch after batch, goes on where the disk doesn't, and restores when it can.
///
/// A check by another process says whether all that was said to be durable is there.
enum Run {
    static func clock(_ arguments: Arguments) -> (ManualClock, Chronicle) {
        let clock = ManualClock()
        return (clock, Chronicle(seed: UInt64(arguments.number("--seed", 1)), clock: clock))
    }

    /// - Returns: whether everything was durable in the end.
    static func run(_ arguments: Arguments) -> Bool {
        var (clock, chronicle) = clock(arguments)
        let acks = Acks(path: arguments.text("--acks") ?? "acks")
        guard let ledger = open(arguments, clock) else { return false }
        let free = arguments.text("--free")
        var (failures, restorations) = (0, 0)
        var isDurable = true
        for batch in 1...arguments.number("--batches", 20) {
            acks.tries(batch)
            isDurable = ledger.write(chronicle.batch(arguments.number("--size", 8)))
            if !isDurable {
                failures += 1
                if failures == 5, let free { unlink(free) }
                isDurable = restore(ledger, chronicle.state)
                restorations += isDurable ? 1 : 0
            }
            if isDurable { acks.isDurable(upTo: batch) }
            if batch % 5 == 0 { ledger.sweep(oldest: 0, most: .max) }
        }
        for _ in 0..<50 where !isDurable {
            isDurable = restore(ledger, chronicle.state)
            restorations += isDurable ? 1 : 0
            if isDurable { acks.isDurable(upTo: arguments.number("--batches", 20)) }
        }
        ledger.close()
        print("failed \(failures) restored \(restorations) durable \(isDurable)")
        return isDurable
    }

    private static func restore(_ ledger: Ledger, _ state: Chronicle.State) -> Bool {
        let bans = state.bans.values.sorted { $0.id < $1.id }
        return ledger.restore(bans, state.offences.values.sorted { $0.id < $1.id }, next: state.next)
    }

    /// Tries some times: what fails may be there the next time.
    private static func open(_ arguments: Arguments, _ clock: ManualClock) -> Ledger? {
        for _ in 0..<60 {
            do {
                var told = Told()
                let (ledger, opening) = try Ledger.open(
                    directory: arguments.text("--directory") ?? ".", clock: clock.clock(), reader: &told
                ) { print("\($0)") }
                print("opened: \(opening)")
                return ledger
            } catch {
                print("\(error)")
            }
        }
        return nil
    }
}
