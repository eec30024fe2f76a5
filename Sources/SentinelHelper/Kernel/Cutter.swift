// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Nftables

/// Cuts the node's connections that bans shut out, so that it has their sockets back at once: their packets are dropped
/// already.
///
/// Works in rounds, each for all bans that have come meanwhile; in steps, each short; and never for more than a tenth of
/// the time, however many bans come and however many sockets there are.
final class Cutter {
    /// How many sockets were destroyed.
    private(set) var cutCount = 0
    /// How many entries of connection tracking were removed.
    private(set) var forgottenCount = 0
    /// Before it no round begins.
    private(set) var nextRound = ContinuousClock.now

    /// Which sockets are the node's.
    var node: NodeSockets

    private let ipv6Prefix: Int
    private let destroysSockets: Bool
    private let diagnostics = SocketDiagnostics()
    private let destroyer = SocketDestroyer()
    private var tracking = ConnectionTracking()
    private var waiting: CutTargets
    private var round: Round?

    /// - Parameters:
    ///   - node: which sockets are the node's.
    ///   - ipv6Prefix: how many leading bits an IPv6 source is matched by.
    ///   - destroysSockets: whether the kernel can.
    init(_ node: NodeSockets, ipv6Prefix: Int, destroysSockets: Bool) {
        self.node = node
        self.ipv6Prefix = ipv6Prefix
        self.destroysSockets = destroysSockets
        waiting = CutTargets(ipv6Prefix: ipv6Prefix)
    }

    /// Whether there is nothing to do.
    var isIdle: Bool { round == nil && waiting.isEmpty }
    /// Whether a round has begun and not ended.
    var isAtWork: Bool { round != nil }

    /// Has the connections cut that bans in the kernel shut out.
    func add(_ keys: some Sequence<BanKey>) {
        for key in keys { waiting.add(key) }
    }

    /// The same for the new bans of an import.
    func add(_ imported: AdmittedImport) { waiting.add(imported) }

    // MARK: Rounds

    private struct Round {
        var targets: CutTargets
        var began = ContinuousClock.now
        /// How long it has worked.
        var busy = Duration.zero
        var questions: [SocketQuestion] = []
        var families: [IPAddress.Family] = []
        var step = Step.askForSockets
        var found: [DiagnosedSocket] = []
        var flows: [TrackedFlow] = []
    }

    private enum Step {
        case askForSockets
        case readSockets(SocketQuestion)
        case destroy
        case lookForTracking
        case askForFlows
        case readFlows
        case forget
    }

    /// What one round did.
    struct Result {
        var sockets = 0
        var flows = 0
        /// Why it ended early.
        var problem: NftablesError?
    }

    /// Begins a round or goes on with one, for about as long as it is told.
    ///
    /// - Parameters:
    ///   - isSpared: whether an address is exempt, whatever is banned.
    /// - Returns: what was done; the round has ended where ``isAtWork`` says so.
    func work(for time: Duration, sparing isSpared: (IPAddress) -> Bool) -> Result {
        var result = Result()
        let start = ContinuousClock.now
        var round = self.round ?? begin()
        self.round = nil
        var isDone = false
        do throws(NftablesError) {
            while !isDone, .now - start < time { isDone = try step(&round, isSpared, &result) }
        } catch {
            // What is left is cut when it is banned anew, or ends by itself: its packets are dropped.
            result.problem = error
            isDone = true
        }
        round.busy += .now - start
        cutCount += result.sockets
        forgottenCount += result.flows
        if isDone {
            nextRound = max(round.began + Self.interval, .now + round.busy * Self.restPerWork)
        } else {
            self.round = round
        }
        return result
    }

    private static var interval: Duration { .milliseconds(100) }
    private static var restPerWork: Int { 9 }
    /// So many sockets or entries are remembered of one answer; the rest isn't cut.
    private static var mostFound: Int { 262_144 }

    private func begin() -> Round {
        waiting.close()
        var round = Round(targets: waiting)
        waiting = CutTargets(ipv6Prefix: ipv6Prefix)
        if destroysSockets { round.questions = round.targets.questions(of: node) }
        return round
    }

    /// - Returns: whether the round has ended.
    private func step(
        _ round: inout Round, _ isSpared: (IPAddress) -> Bool, _ result: inout Result
    ) throws(NftablesError) -> Bool {
        switch round.step {
        case .askForSockets:
            guard let question = round.questions.popLast() else {
                round.step = .lookForTracking
                return false
            }
            try diagnostics.ask(question)
            round.step = .readSockets(question)
        case .readSockets(let question):
            do {
                let isLast = try diagnostics.takePart(of: question) { [node] socket, _ in
                    guard round.targets.cover(socket, of: node), !isSpared(socket.remote),
                        round.found.count < Self.mostFound
                    else { return }
                    round.found.append(socket)
                }
                if isLast { round.step = .destroy }
            } catch  where error.code == .unsupported || error.code == .notFound {
                // A kernel without this family.
                round.step = .destroy
            }
        case .destroy:
            let now = round.found.suffix(SocketDestroyer.most)
            result.sockets += now.isEmpty ? 0 : try destroyer.destroy(now)
            // Of those that were dialled no port tells in the table of connections.
            for socket in now where !node.listen(socket.remoteEndpoint.transport, socket.localPort) {
                round.flows.append(TrackedFlow(socket))
            }
            round.found.removeLast(now.count)
            if round.found.isEmpty { round.step = .askForSockets }
        case .lookForTracking:
            guard tracking.isInUse() else { return true }
            round.families = round.targets.trackedFamilies(of: node)
            round.step = .forget
        case .askForFlows:
            guard let family = round.families.popLast() else { return true }
            try tracking.ask(family)
            round.step = .readFlows
        case .readFlows:
            let isLast = try tracking.takePart { [node] flow in
                guard let remote = round.targets.remote(of: flow, node), !isSpared(remote),
                    round.flows.count < Self.mostFound
                else { return }
                round.flows.append(flow)
            }
            if isLast { round.step = .forget }
        case .forget:
            let now = round.flows.suffix(ConnectionTracking.most)
            result.flows += now.isEmpty ? 0 : try tracking.remove(now)
            round.flows.removeLast(now.count)
            if round.flows.isEmpty { round.step = .askForFlows }
        }
        return false
    }
}
