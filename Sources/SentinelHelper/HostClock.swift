// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc

/// The two clocks that bans are told in, as functions so that tests can turn them.
public struct HostClock: Sendable {
    /// Milliseconds of CLOCK_MONOTONIC. The kernel's own timeouts follow it: setting the time changes no ban.
    public var monotonic: @Sendable () -> Int64
    /// Milliseconds since 1970, for people.
    public var wall: @Sendable () -> Int64
    /// How much later than by this clock, in milliseconds, the kernel may drop an element.
    public var tick: Int64

    public init(
        monotonic: @escaping @Sendable () -> Int64, wall: @escaping @Sendable () -> Int64, tick: Int64 = 0
    ) {
        self.monotonic = monotonic
        self.wall = wall
        self.tick = tick
    }

    /// The host's clocks. The kernel ends elements by jiffies, which last 10 ms at most, and rounds up; milliseconds
    /// are cut off here.
    public static let system = HostClock(
        monotonic: { read(CLOCK_MONOTONIC) }, wall: { read(CLOCK_REALTIME) }, tick: 12)

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
