// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ArgumentParser
import Glibc

/// Measures, each in a process of its own so that none inherits another's memory. Benchmarks/run puts the figures
/// side by side.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sentinel-bench",
        abstract: "One measurement each; prints one line of JSON.",
        discussion:
            "Run by Benchmarks/run in a network namespace of its own: it replaces the table inet bench.",
        subcommands: [
            Load.self, Read.self, Latency.self, CheckCost.self, ChainCost.self, Sources.self, Fill.self,
        ])
}

/// What one measurement gives.
struct Figure {
    var name: String
    var fields: [(String, Double)]

    func print() {
        let values = fields.map { ", \"\($0)\": \(Self.text($1))" }.joined()
        Swift.print("{\"name\": \"\(name)\"\(values)}")
    }

    private static func text(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// The value below which a share of the samples lies.
func percentile(_ share: Double, of samples: [Double]) -> Double {
    let sorted = samples.sorted()
    return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
}
