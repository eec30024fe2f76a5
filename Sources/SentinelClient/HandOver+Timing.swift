// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Sentinel
public import SentinelProtocol

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

extension HandOver {
    /// What the hand-over needs to know of time and chance, as functions so that tests can give their own.
    public struct Timing: Sendable {
        /// Tells how much time goes by.
        public var now: MonotonicClock
        /// Tells the time as the helper's receipts do.
        public var wall: @Sendable () -> Timestamp
        /// Returns after this time, or throws once the task is cancelled.
        public var sleep: @Sendable (Duration) async throws -> Void
        /// A number from 0 to below 1.
        public var chance: @Sendable () -> Double

        public init(
            now: @escaping MonotonicClock, wall: @escaping @Sendable () -> Timestamp,
            sleep: @escaping @Sendable (Duration) async throws -> Void,
            chance: @escaping @Sendable () -> Double
        ) {
            self.now = now
            self.wall = wall
            self.sleep = sleep
            self.chance = chance
        }

        /// The host's clocks.
        public static var system: Timing {
            let start = ContinuousClock.now
            return Timing(
                now: { MonotonicInstant(nanoseconds: 0).advanced(by: start.duration(to: .now)) },
                wall: {
                    var time = timespec()
                    clock_gettime(CLOCK_REALTIME, &time)
                    return Timestamp(rawValue: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
                },
                sleep: { try await ContinuousClock().sleep(for: $0) },
                chance: { Double.random(in: 0..<1) })
        }
    }
}
