// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// The ledger's own time: it goes on across reboots, never goes back, and no clock that is set wrong makes a ban
/// longer than it was granted.
///
/// While the host runs it is the monotonic clock, moved by a constant. Across a reboot, in which that clock begins
/// anew, it goes on by what the wall clock says has passed since the last write; a wall clock that is behind the last
/// write says nothing, and no time has passed then. A ban's remaining time is what it was granted less the time since,
/// both in this time.
public struct Timeline: Hashable, Sendable {
    /// What a write leaves behind for the next run.
    public struct Mark: Hashable, Sendable {
        /// Which boot of the host it was, by the kernel's boot id; empty where that isn't known.
        public var boot: String
        /// What is added to the monotonic clock, in milliseconds.
        public var shift: Int64
        /// When it was written, in milliseconds of the ledger's time.
        public var written: Int64
        /// The same by the wall clock, in milliseconds since 1970.
        public var wall: Int64

        public init(boot: String, shift: Int64, written: Int64, wall: Int64) {
            (self.boot, self.shift, self.written, self.wall) = (boot, shift, written, wall)
        }
    }

    public let boot: String
    /// What is added to the monotonic clock, in milliseconds.
    public let shift: Int64

    /// Goes on where the last run stopped.
    ///
    /// - Parameters:
    ///   - mark: what the last write left; nil where there was none.
    ///   - boot: the kernel's boot id, or empty: then it is taken for another boot.
    ///   - monotonic: milliseconds of the monotonic clock.
    ///   - wall: milliseconds since 1970.
    public init(after mark: Mark?, boot: String, monotonic: Int64, wall: Int64) {
        self.boot = boot
        guard let mark else {
            shift = 0
            return
        }
        let (now, overflow) = monotonic.addingReportingOverflow(mark.shift)
        if !boot.isEmpty, boot == mark.boot, !overflow, now >= mark.written {
            shift = mark.shift
            return
        }
        let (passed, tooMuch) = wall.subtractingReportingOverflow(mark.wall)
        let elapsed = tooMuch ? 0 : max(0, passed)
        shift = Self.clamped(Self.clamped(mark.written, plus: elapsed), minus: monotonic)
    }

    /// The ledger's time of a point of the monotonic clock.
    public func time(_ monotonic: Int64) -> Int64 { Self.clamped(monotonic, plus: shift) }

    /// The point of the monotonic clock of a time of the ledger's. Before the host was booted it is negative.
    public func monotonic(_ time: Int64) -> Int64 { Self.clamped(time, minus: shift) }

    /// What a write now leaves behind.
    public func mark(monotonic: Int64, wall: Int64) -> Mark {
        Mark(boot: boot, shift: shift, written: time(monotonic), wall: wall)
    }

    private static func clamped(_ a: Int64, plus b: Int64) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? (b < 0 ? .min : .max) : sum
    }

    private static func clamped(_ a: Int64, minus b: Int64) -> Int64 {
        let (difference, overflow) = a.subtractingReportingOverflow(b)
        return overflow ? (b < 0 ? .max : .min) : difference
    }
}
