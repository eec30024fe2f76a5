// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension AccessList {
    /// An entry as it is stored: when it ends and why it is there, in eight bytes that need no alignment beyond
    /// four, so that an IPv4 entry takes sixteen in all.
    struct Record: TableValue {
        /// The end in units of 2^20 nanoseconds, about a millisecond, 44 bits; and below it the number of the
        /// reason, counted from 1, 20 bits.
        private let high: UInt32
        private let low: UInt32

        /// How many different reasons there can be.
        static var maximumReasonCount: Int { 1 << 20 - 1 }

        private static var unitShift: Int64 { 20 }

        private init(bits: UInt64) {
            high = UInt32(truncatingIfNeeded: bits >> 32)
            low = UInt32(truncatingIfNeeded: bits)
        }

        /// - Parameters:
        ///   - expires: is rounded up to whole units; the distant future where the entry doesn't end.
        ///   - reason: less than ``maximumReasonCount``.
        init(expires: MonotonicInstant, reason: Int) {
            let unit: Int64 = 1 << Self.unitShift
            let end = expires.nanoseconds.addingSaturating(unit - 1) >> Self.unitShift
            self.init(bits: UInt64(bitPattern: end) << 20 | UInt64(reason + 1))
        }

        static var vacant: Record { Record(bits: 0) }

        private var bits: UInt64 { UInt64(high) << 32 | UInt64(low) }

        var isVacant: Bool { low & 0xF_FFFF == 0 }

        /// The reason's number.
        var reason: Int { Int(low & 0xF_FFFF) - 1 }

        /// When the entry ends; nil where it doesn't.
        var expires: MonotonicInstant? {
            let end = Int64(bitPattern: bits) >> 20
            guard end < Int64.max >> Self.unitShift else { return nil }
            return MonotonicInstant(nanoseconds: end << Self.unitShift)
        }

        /// Whether the entry still holds.
        @inline(__always)
        func isValid(_ now: MonotonicInstant) -> Bool {
            // The reason's bits lie below the unit, so they don't matter.
            let end = Int64(bitPattern: bits) | 0xF_FFFF
            return end > now.nanoseconds | 0xF_FFFF || end == .max
        }
    }
}
