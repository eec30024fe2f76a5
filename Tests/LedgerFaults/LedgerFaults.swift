// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Glibc

@main struct LedgerFaults {
    static func main() throws {
        let arguments = Arguments(Array(CommandLine.arguments.dropFirst()))
        let isGood: Bool
        switch arguments.verb {
        case "damage": isGood = try Damage.run(arguments)
        case "run": isGood = Run.run(arguments)
        case "check": isGood = try Check.run(arguments)
        default:
            print("ledger-faults damage|run|check; see Tests/torture/ledger")
            exit(64)
        }
        fflush(nil)
        exit(isGood ? 0 : 1)
    }
}
