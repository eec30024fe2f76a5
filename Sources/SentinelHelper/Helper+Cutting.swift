// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Logging
internal import NIOCore

extension Helper {
    /// Has the connections cut that new bans shut out: soon, but after their receipts.
    func cut(_ keys: [BanKey]) {
        guard !keys.isEmpty else { return }
        cutter.add(keys)
        scheduleCutting()
    }

    /// The same for the new bans of an import.
    func cut(_ imported: AdmittedImport) {
        guard !imported.kinds.isEmpty else { return }
        cutter.add(imported)
        scheduleCutting()
    }

    private func scheduleCutting() {
        guard cutting == nil, !cutter.isIdle else { return }
        let wait = cutter.isAtWork ? Self.cuttingRest : max(.zero, cutter.nextRound - .now)
        cutting = eventLoop.scheduleTask(in: TimeAmount(wait)) { [weak self] in
            self?.assumeIsolated { $0.goOnCutting() }
        }
    }

    private func goOnCutting() {
        cutting = nil
        let result = cutter.work(for: Self.cuttingStep) { exempt.sets.contains($0) }
        if let problem = result.problem.map({ "connections of banned peers can't be cut: \($0)" }) {
            if problem != cuttingProblem { logger.error("\(problem)") }
            cuttingProblem = problem
        } else if !cutter.isAtWork {
            cuttingProblem = nil
        }
        if result.sockets > 0 || result.flows > 0 {
            logger.debug(
                "cut connections of banned peers",
                metadata: ["sockets": "\(result.sockets)", "tracked": "\(result.flows)"])
        }
        scheduleCutting()
    }

    /// How long the event loop is kept at a time, and how long it has for others then.
    private static var cuttingStep: Duration { .microseconds(500) }
    private static var cuttingRest: Duration { .microseconds(500) }
}
