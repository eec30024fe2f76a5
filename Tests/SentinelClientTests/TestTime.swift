// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Sentinel
import SentinelProtocol
import Synchronization

@testable import SentinelClient

/// Time that stands still until a test moves it.
final class TestTime: Sendable {
    private struct State {
        var now: Int64 = 0
        var sleepers: [(id: Int, continuation: CheckedContinuation<Void, any Error>)] = []
        var nextID = 0
        var cancelled: Set<Int> = []
        var isOver = false
    }

    private let state = Mutex(State())
    /// How long each sleeper wants to sleep, as it lies down.
    let sleeps: AsyncStream<Duration>
    private let lainDown: AsyncStream<Duration>.Continuation

    init() {
        (sleeps, lainDown) = AsyncStream.makeStream()
    }

    var timing: HandOver.Timing {
        HandOver.Timing(
            now: { [self] in MonotonicInstant(nanoseconds: state.withLock { $0.now } * 1_000_000) },
            wall: { [self] in Timestamp(rawValue: 1_000_000 + state.withLock { $0.now }) },
            sleep: { [self] in try await sleep($0) },
            chance: { 0 })
    }

    /// Lets so many milliseconds go by. Nobody wakes of it.
    func advance(milliseconds: Int64) {
        state.withLock { $0.now += milliseconds }
    }

    /// How long the next one who sleeps wants to.
    func nextSleep() async -> Duration? {
        await sleeps.first { _ in true }
    }

    /// Wakes who has slept longest.
    func wake() {
        let sleeper = state.withLock { $0.sleepers.isEmpty ? nil : $0.sleepers.removeFirst() }
        sleeper?.continuation.resume()
    }

    /// From now on nobody sleeps any more.
    func end() {
        let sleepers = state.withLock { state in
            state.isOver = true
            defer { state.sleepers = [] }
            return state.sleepers
        }
        for sleeper in sleepers { sleeper.continuation.resume() }
    }

    private func sleep(_ duration: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<Void, any Error>? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
                    if state.isOver { return .success(()) }
                    state.sleepers.append((id, continuation))
                    return nil
                }
                if let result { continuation.resume(with: result) } else { lainDown.yield(duration) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return Optional<(id: Int, continuation: CheckedContinuation<Void, any Error>)>.none
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }
}
