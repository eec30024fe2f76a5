// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// A misbehaving client: it opens connection after connection from several source addresses, finishes the
/// handshake where it is let, and hangs up.
public struct Flood: Sendable {
    /// Whom to flood.
    public var endpoint: Endpoint
    /// The local addresses to dial from, in turn. None: the one that the kernel chooses.
    public var sources: [IPAddress]
    /// Connections a second, over all sources.
    public var rate: Int
    /// For how long.
    public var duration: Duration
    /// How long each connection may take.
    public var timeout: Duration = .seconds(1)
    /// How many may be under way at once; what would come on top is skipped, and counted.
    public var maximumInFlight = 4096

    /// What a flood is bounded by.
    public static let maximumRate = 50_000
    public static let maximumDuration: Duration = .seconds(3600)

    /// - Precondition: rate and duration are positive and within their bounds, and the sources are of the
    ///   endpoint's family.
    public init(_ endpoint: Endpoint, from sources: [IPAddress], rate: Int, duration: Duration) {
        precondition((1...Self.maximumRate).contains(rate))
        precondition(duration > .zero && duration <= Self.maximumDuration)
        precondition(sources.allSatisfy { $0.family == endpoint.address.family })
        self.endpoint = endpoint
        self.sources = sources
        self.rate = rate
        self.duration = duration
    }

    /// Floods until the time is up or the task is cancelled, and waits for what is under way.
    public func run(as node: Node, counting tally: FloodTally) async {
        let clock = ContinuousClock()
        let start = clock.now
        var due = 0
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let elapsed = start.duration(to: clock.now)
                guard elapsed < duration else { break }
                let total = Int((elapsed / .seconds(1)) * Double(rate)) + 1
                while due < total {
                    let turn = due
                    due += 1
                    guard tally.begin(limit: maximumInFlight) else { continue }
                    group.addTask { await attempt(turn, as: node, counting: tally) }
                }
                try? await clock.sleep(for: .milliseconds(2))
            }
        }
    }

    private func attempt(_ turn: Int, as node: Node, counting tally: FloodTally) async {
        var options = Node.DialOptions()
        options.source = sources.isEmpty ? nil : sources[turn % sources.count]
        options.timeout = timeout
        options.resetsOnClose = true
        do {
            let link = try await node.dial(nil, at: [endpoint], options)
            tally.end(options.source, .served)
            await link.close()
        } catch {
            tally.end(options.source, FloodTally.Outcome(error))
        }
    }
}
