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

    /// Which boot of the host it is: where this differs, the monotonic clock has begun anew. Empty where it isn't known.
    public var boot: String

    public init(
        monotonic: @escaping @Sendable () -> Int64, wall: @escaping @Sendable () -> Int64, tick: Int64 = 0,
        boot: String = ""
    ) {
        self.monotonic = monotonic
        self.wall = wall
        self.tick = tick
        self.boot = boot
    }

    /// The host's clocks.
    public static let system = system(boot: nil)

    /// The host's clocks. The kernel ends elements by jiffies, which last 10 ms at most, and rounds up; milliseconds
    /// are cut off here.
    ///
    /// - Parameter boot: the kernel's boot id, where who started this process said it; else it is read from
    ///   /proc/sys/kernel/random/boot_id.
    public static func system(boot: String?) -> HostClock {
        HostClock(
            monotonic: { read(CLOCK_MONOTONIC) }, wall: { read(CLOCK_REALTIME) }, tick: 12,
            boot: boot ?? bootID())
    }

    private static func bootID() -> String {
        let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        let text = String(unsafeUninitializedCapacity: 64) { buffer in
            max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
        }
        return text.filter { $0.isHexDigit || $0 == "-" }
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
