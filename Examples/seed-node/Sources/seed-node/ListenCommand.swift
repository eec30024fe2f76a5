// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ArgumentParser
import Inet
import Logging
import NIOCore
import NIOPosix
import PolicyReader
import SeedNode
import Sentinel
import SentinelClient
import SentinelConfiguration
import UnixSignals

struct ListenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listen", abstract: "Serve echoes on typed streams, over TCP and UDP.",
        discussion: """
            With --policies, the chain in that file decides, see Examples/policies.toml; on SIGHUP it is read again, and \
            takes the other's place, counters and all, or is refused and changes nothing. A line says which.
            """)

    @Option(help: "An address to listen on; may be given more than once.")
    var address: [IPAddress] = []

    @Option(help: "The port, for TCP and UDP; 0 for one that is free.")
    var port: UInt16 = 8776

    @Option(help: "The key file; without, the node is another one each time.")
    var key: String?

    @Option(help: "The policies, a file in TOML; in place of the four options below.")
    var policies: String?

    @Option(
        help: "How many connections a second a source may open: an IPv4 address or an IPv6 /64. (default: 5)")
    var rate: Int?

    @Option(help: "How many it may open at once. (default: 20)")
    var burst: Int?

    @Option(help: "A block of addresses that is denied; may be given more than once.")
    var deny: [IPNetwork] = []

    @Option(help: "A peer that is denied; may be given more than once.")
    var denyPeer: [PeerID] = []

    @Option(help: "A peer whose connections are never closed, and whose address is never banned; repeatable.")
    var protect: [PeerID] = []

    @Option(help: "Close the connections that are worth least once there are more than so many.")
    var highWater: Int?

    @Option(help: "Down to how many they are closed then. (default: five sixths of the high mark)")
    var lowWater: Int?

    @Option(help: "Hand denials over to sentineld at this socket, so that the kernel carries them out.")
    var helper: String?

    @Option(help: "Stop after so many seconds.")
    var duration: Seconds?

    func validate() throws {
        let others = [
            ("--rate", rate != nil), ("--burst", burst != nil), ("--deny", !deny.isEmpty),
            ("--deny-peer", !denyPeer.isEmpty),
        ].filter(\.1).map(\.0)
        guard policies == nil || others.isEmpty else {
            throw ValidationError(
                "--policies says it all: leave out \(others.joined(separator: ", ")), and write it into the file"
            )
        }
        guard rate ?? 1 > 0, burst ?? 1 > 0 else {
            throw ValidationError("--rate and --burst must be at least 1")
        }
        guard lowWater == nil || highWater != nil else {
            throw ValidationError("--low-water says how many are left of more than --high-water: give both")
        }
        _ = try marks()
    }

    func run() async throws {
        Usage.raiseDescriptorLimit()
        let reloading = policies.map(Reloading.init)
        let (sentinel, beginning) = try makeSentinel(reloading)
        let keeping = Keeping()
        let gater = makeGater(around: sentinel, closing: keeping)
        let manager = keeping.manager(try marks(), protecting: protect, of: gater)
        // From here on it ends nothing. Without policies it ends the node, as ever.
        let hangups = reloading == nil ? nil : await UnixSignalsSequence(trapping: .sighup)
        let node = Node(
            identity: try KeyFile.identity(at: key),
            gate: NodeGate(
                gater: gater, streams: gater, notifying: BothNotified(first: gater, second: manager.notifiee),
                reporting: { gater.wrapped.observe($0) }),
            group: MultiThreadedEventLoopGroup.singleton)
        keeping.begin(node)
        let addresses =
            address.isEmpty ? [.v4(IPv4Address(bits: 0)), .v6(IPv6Address(high: 0, low: 0))] : address
        let listener = try await node.listen(on: addresses, port: port)
        Output.print(
            ListeningLine(peer: "\(node.identity.peer)", endpoints: listener.endpoints.map(\.description)))
        if let beginning { Output.print(beginning) }
        let duration = duration?.duration
        try await untilSignalled {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                // Brings denials to the kernel until the node ends. Without a helper nothing is handed over.
                if helper != nil { tasks.addTask { await gater.run() } }
                tasks.addTask { await manager.run { try await Task.sleep(for: $0) } }
                if let reloading, let hangups {
                    tasks.addTask {
                        for await _ in hangups { Output.print(reloading.reload(gater.wrapped)) }
                    }
                }
                tasks.addTask { try await report(node, gater, for: duration) }
                while tasks.isEmpty == false {
                    try await tasks.next()
                    tasks.cancelAll()
                }
            }
        }
        manager.close()
        await listener.close()
        Output.print(StatisticsLine(node.statistics.snapshot, gater, event: "stopped"))
    }

    /// Whom the node asks: policies, wrapped by what brings their denials to the kernel.
    private func makeGater(
        around sentinel: PolicySentinel, closing keeping: Keeping
    ) -> KernelGater<PolicySentinel> {
        var configuration = HandOver.Configuration()
        if let helper { configuration.socket = helper }
        let logger = Logger(label: "seed-node") { StreamLogHandler.standardError(label: $0) }
        return KernelGater(
            wrapping: sentinel, configuration, on: MultiThreadedEventLoopGroup.singleton, logger: logger,
            close: { keeping.close($0, $1) })
    }

    /// When connections are closed for there are too many; with marks of zero never.
    private func marks() throws -> BasicConnManager.Configuration {
        let high = highWater ?? 0
        do {
            return try BasicConnManager.Configuration(lowWater: lowWater ?? high * 5 / 6, highWater: high)
        } catch {
            throw ValidationError("--low-water, --high-water: \(error)")
        }
    }

    /// The policies of the file with what is to be said of it, or of the other options.
    private func makeSentinel(_ reloading: Reloading?) throws -> (PolicySentinel, PoliciesLine?) {
        guard let reloading else { return (try makeSentinel(), nil) }
        do {
            let chain = try reloading.read()
            return (try PolicySentinel(chain.policies, clock: Reloading.clock), PoliciesLine(chain))
        } catch let error as ConfigurationError {
            Output.complain(error.description)
            throw ExitCode(2)
        }
    }

    private func makeSentinel() throws -> PolicySentinel {
        var denied = AccessList(name: "denied", effect: .deny)
        for subject in deny.map(AccessList.Subject.network) + denyPeer.map(AccessList.Subject.peer) {
            try denied.insert(subject, reason: .denyListed, now: Reloading.clock())
        }
        let rate = try TokenRate(rate ?? 5, per: .seconds(1), burst: burst ?? 20)
        let limit = try SourceRate(name: "source-rate", limits: try .init(rate))
        return try PolicySentinel([denied, limit], clock: Reloading.clock)
    }

    /// A line a second.
    private func report(
        _ node: Node, _ gater: KernelGater<PolicySentinel>, for duration: Duration?
    ) async throws {
        let start = ContinuousClock.now
        var next = start
        while !Task.isCancelled, duration.map({ start.duration(to: .now) < $0 }) ?? true {
            next += .seconds(1)
            do { try await Task.sleep(until: next, clock: .continuous) } catch { return }
            Output.print(StatisticsLine(node.statistics.snapshot, gater, event: "statistics"))
        }
    }
}

private struct ListeningLine: Encodable {
    let event = "listening"
    let peer: String
    let endpoints: [String]
}

private struct StatisticsLine: Encodable {
    let event: String
    let attempts, full, knocks, handshakes, connections, streams: Int
    let denials: [String: Int]
    let processorSeconds: Double
    /// How many denials the helper has said are enforced in the kernel, and how many connections bans have closed.
    let enforced, closed: Int
    /// What each policy has decided, in the chain's order.
    let policies: [PolicyLine]

    init(_ snapshot: NodeStatistics.Snapshot, _ gater: KernelGater<PolicySentinel>, event: String) {
        self.event = event
        attempts = snapshot.attempts
        full = snapshot.full
        knocks = snapshot.knocks
        handshakes = snapshot.handshakes
        connections = snapshot.connections
        streams = snapshot.streams
        denials = Dictionary(uniqueKeysWithValues: snapshot.denials.map { ($0.key.description, $0.value) })
        processorSeconds = Usage.processorTime.roundedSeconds
        let handedOver = gater.statistics
        enforced = handedOver.enforced
        closed = handedOver.closed
        policies = gater.wrapped.tallies.map(PolicyLine.init)
    }
}

private struct PolicyLine: Encodable {
    let name: String
    let denied, admitted, spared, shadow: Int

    init(_ tally: PolicyTally) {
        name = tally.name
        denied = tally.denied
        admitted = tally.admitted
        spared = tally.spared
        shadow = tally.shadow
    }
}
