// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import ArgumentParser
import Foundation
public import Simulation

@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sentinel-simulate",
        abstract: "Attacks, played against the recommended chain of policies and against what else there is.",
        discussion: """
            Everything happens in virtual time: attackers and honest peers come, shake hands, open streams and \
            leave as fixed by the seed, and the same traffic meets three contenders:

              sentinel    the recommended chain, whose denials at accept go to the kernel
              limiter     a token bucket for each IP address, in the node
              permanent   the same limiter, whose first denial bans the address for good

            The table says, for each: how many connections and abuses the attackers attempted; the share of them \
            that was refused in the kernel, at accept, later (after the handshake), or went past; of the honest \
            connections from the attack's beginning on, how many were refused; the same of those nearby, behind \
            the attacker's address or in its block; how many were cut while they were open because a ban fell on \
            their address; and what the attack cost, as a share of what it costs a node that refuses nothing (an \
            accept 1, a handshake 20, a stream 2). All shares are percentages.

            Shapes:
            \(Shape.allCases.map { "  " + $0.name.padded(to: 16) + $0.title }.joined(separator: "\n"))

            It writes a row for each shape and contender to OUTPUT.json, and a picture of each shape to \
            OUTPUT/SHAPE.svg.

            Examples:
              sentinel-simulate                             all shapes
              sentinel-simulate --shape nat --seed 7        one, with another chance
              sentinel-simulate --delay 1000000             were the kernel a second late
            """)

    @Option(help: "Where chance comes from: the same seed, the same results.")
    var seed: UInt64 = 1

    @Option(
        help: ArgumentHelp("Play this shape; may be repeated. All of them, unless given.", valueName: "shape")
    )
    var shape: [Shape] = []

    @Option(
        help: ArgumentHelp(
            "Microseconds from a denial until the kernel drops the first packet.", valueName: "microseconds"))
    var delay: UInt32 = 150

    @Option(help: "Where to write: OUTPUT.json, OUTPUT/SHAPE.svg.")
    var output = ".build/simulate"

    func run() throws {
        let simulation = Simulation(seed: seed, enforcementDelay: .microseconds(Int64(delay)))
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        var rows: [Row] = []
        for shape in shape.isEmpty ? Shape.allCases : shape {
            let played = try simulation.rows(shape)
            print("\(shape.name): \(shape.title)\n\(shape.summary)\n\n\(Table.heading)")
            for row in played { print(Table.line(row)) }
            print()
            let picture = Picture(shape, played)
            try picture.svg.write(toFile: "\(output)/\(shape.name).svg", atomically: true, encoding: .utf8)
            rows += played
        }
        try Row.json(rows).write(toFile: "\(output).json", atomically: true, encoding: .utf8)
        print("Written to \(output).json and \(output)/.")
    }
}

extension Shape: ExpressibleByArgument {}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
