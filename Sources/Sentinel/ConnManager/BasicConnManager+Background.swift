// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension BasicConnManager {
    /// Does what is due until the manager is closed or the task is cancelled: decays tags, and trims when
    /// there are more connections than the high mark allows.
    ///
    /// It looks for work ten times in a silence period, and at once when a connection is one too many and the
    /// silence period is over. Go looks at its ticks alone. Only one run is at work: another returns at once,
    /// as one of a closed manager does.
    ///
    /// - Parameter sleep: returns after this time, or throws once the task is cancelled. Where it throws for
    ///   another reason, the run ends.
    public func run(sleep: @escaping @Sendable (Duration) async throws -> Void) async {
        let (wakes, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        guard background.begin(continuation) else { return }
        defer { background.end() }
        let interval = configuration.tickInterval
        async let _: Void = {
            continuation.yield()
            while (try? await sleep(interval)) != nil, !Task.isCancelled { continuation.yield() }
            continuation.finish()
        }()
        for await _ in wakes { performDueWork() }
        // The ticks are cancelled and waited for here, at the end of their scope.
    }

    /// Decays the tags whose time has come, and trims if there are too many connections and the silence
    /// period is over. For nodes that have a timer of their own: ``run(sleep:)`` does this. Nothing once the
    /// manager is closed.
    public func performDueWork() {
        guard !background.isClosed else { return }
        let now = clock()
        decay(now: now)
        if isTrimDue(now: now) { trimOpenConnections() }
    }

    /// Whether a trim should come of itself.
    func isTrimDue(now: MonotonicInstant) -> Bool {
        guard configuration.trims, connectionCount > configuration.highWater else { return false }
        guard let lastTrim else { return true }
        return lastTrim.advanced(by: configuration.silencePeriod) <= now
    }
}
