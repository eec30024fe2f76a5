// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ArgumentParser
import Inet
import NIOPosix
import SeedNode

struct FloodCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flood", abstract: "Open connection after connection, and tell what came of them.")

    @Argument(help: "Where the node is, such as tcp:192.0.2.1:8776.")
    var endpoint: Endpoint

    @Option(help: "Connections a second, over all sources.")
    var rate = 100

    @Option(help: "The local addresses to dial from, in turn: a,b,c.")
    var sources: AddressList = AddressList()

    @Option(help: "For how many seconds, at most 3600.")
    var duration = Seconds(10)

    @Option(help: "Seconds that a connection may take.")
    var timeout = Seconds(1)

    @Option(help: "How many connections may be under way at once.")
    var inFlight = 4096

    func validate() throws {
        guard (1...Flood.maximumRate).contains(rate) else {
            throw ValidationError("--rate: 1 to \(Flood.maximumRate)")
        }
        guard duration.duration <= Flood.maximumDuration else {
            throw ValidationError("--duration: at most 3600")
        }
        guard (1...65_536).contains(inFlight) else { throw ValidationError("--in-flight: 1 to 65536") }
        guard sources.addresses.allSatisfy({ $0.family == endpoint.address.family }) else {
            throw ValidationError("--sources: each must be of the endpoint's family, IPv4 or IPv6")
        }
    }

    func run() async throws {
        Usage.raiseDescriptorLimit()
        var flood = Flood(endpoint, from: sources.addresses, rate: rate, duration: duration.duration)
        flood.timeout = timeout.duration
        flood.maximumInFlight = inFlight
        let node = Node(identity: NodeIdentity(), group: MultiThreadedEventLoopGroup.singleton)
        let tally = FloodTally()
        let prepared = flood
        try await untilSignalled {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await report(tally) }
                await prepared.run(as: node, counting: tally)
                group.cancelAll()
            }
        }
        Output.print(FloodLine(tally, event: "done", showsSources: true))
    }

    /// A line a second, until cancelled.
    private func report(_ tally: FloodTally) async {
        var next = ContinuousClock.now
        while true {
            next += .seconds(1)
            guard (try? await Task.sleep(until: next, clock: .continuous)) != nil else { return }
            Output.print(FloodLine(tally, event: "flood", showsSources: false))
        }
    }
}

/// Addresses with commas between them.
struct AddressList: ExpressibleByArgument {
    var addresses: [IPAddress] = []

    init() {}

    init?(argument: String) {
        for text in argument.split(separator: ",") {
            guard let address = IPAddress(String(text)) else { return nil }
            addresses.append(address)
        }
    }
}

private struct FloodLine: Encodable {
    let event: String
    let attempts, inFlight, skipped: Int
    let outcomes: [String: Int]
    let sources: [String: [String: Int]]?

    init(_ tally: FloodTally, event: String, showsSources: Bool) {
        func named(_ counts: FloodTally.Counts) -> [String: Int] {
            Dictionary(uniqueKeysWithValues: FloodTally.Outcome.allCases.map { ($0.rawValue, counts[$0]) })
        }
        self.event = event
        attempts = tally.all.attempts
        inFlight = tally.inFlight
        skipped = tally.skipped
        outcomes = named(tally.all)
        sources =
            showsSources
            ? Dictionary(uniqueKeysWithValues: tally.bySource.map { ("\($0.key)", named($0.value)) }) : nil
    }
}
