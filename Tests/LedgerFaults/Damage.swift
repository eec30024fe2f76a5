// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Glibc
import LedgerSupport

/// Flips and cuts a ledger's file and log at every place of their last megabyte, and says what was lost. Both are
/// shorter where nothing else is asked for, so that it is every place there is.
enum Damage {
    /// - Returns: whether every promise was kept.
    static func run(_ arguments: Arguments) throws -> Bool {
        let isShort = arguments.has("--short")
        let batches = arguments.number("--batches", 12)
        let inLog = arguments.number("--in-log", 6)
        let step = arguments.number("--step", isShort ? 389 : 1)
        let seed = UInt64(arguments.number("--seed", 1))
        let whole = try Specimen(seed: seed, batches: batches, inLog: 0)
        let both = try Specimen(seed: seed, batches: batches, inLog: inLog)
        print(
            "# \(whole.chronicle.state.bans.count) bans; a file of \(whole.main.count) bytes, or one of "
                + "\(both.main.count) with a log of \(both.log.count)")
        var lines: [String] = []
        var isGood = true
        for (kind, file, specimen, label) in [
            (DamageSeries.Kind.flip, Specimen.File.main, whole, "ledger file"),
            (.flip, .main, both, "ledger file behind a log"),
            (.flip, .log, both, "ledger log"),
            (.cut, .main, whole, "ledger file"),
            (.cut, .main, both, "ledger file behind a log"),
            (.cut, .log, both, "ledger log"),
        ] {
            let series = DamageSeries(
                name: "\(label), \(kind.rawValue)", kind: kind, file: file, specimen: specimen, step: step,
                hasAllBits: arguments.has("--all-bits"))
            let start = seconds()
            let result = series.run()
            let took = seconds() - start
            let note =
                "\(result.salvaged) told as damaged; at most \(result.mostLost) bans lost, \(result.mostOlder) in an "
                + "earlier state, \(result.mostRevived) there again"
            let verdict = result.broken == 0 && result.tried > 0 ? "ok" : "not ok"
            print("\(verdict) - \(series.name) at \(result.tried) places: \(note) (\(Int(took)) s)")
            for fault in result.firstFaults { print("#   \(fault)") }
            isGood = isGood && verdict == "ok"
            lines.append(
                #"{"name": "\#(series.name)", "tried": \#(result.tried), "lost": \#(result.broken), "note": "\#(note)"}"#
            )
            fflush(nil)
        }
        if let path = arguments.text("--results") { try Results.append(lines, to: path) }
        return isGood
    }

    private static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// What is found, a line of JSON for each.
enum Results {
    struct NotWritten: Error { var path: String }

    static func append(_ lines: [String], to path: String) throws {
        guard let file = fopen(path, "ae") else { throw NotWritten(path: path) }
        defer { fclose(file) }
        for line in lines { fputs(line + "\n", file) }
    }
}
