// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// "Applies a decay to the peer's score."
///
/// Source: `DecayFn` and its presets of go-libp2p's package `connmgr`, which is quoted here.
public struct Decay: Sendable {
    /// "It receives a copy of the decaying value, and returns the score after applying the decay", or nil "if
    /// the tag should be erased". It is given the time as well. It is called under the peer's lock: it must
    /// not call the manager.
    public let apply: @Sendable (DecayingValue, MonotonicInstant) -> Int?

    public init(_ apply: @escaping @Sendable (DecayingValue, MonotonicInstant) -> Int?) {
        self.apply = apply
    }

    /// "Applies no decay."
    public static let none = Decay { value, _ in value.value }

    /// Subtracts the subtrahend, "and deletes the tag when first reaching 0 or negative".
    public static func fixed(_ subtrahend: Int) -> Decay {
        Decay { value, _ in
            let (left, overflow) = value.value.subtractingReportingOverflow(subtrahend)
            if overflow { return subtrahend < 0 ? .max : nil }
            return left > 0 ? left : nil
        }
    }

    /// "Applies a fractional coefficient to the value of the current tag, rounding down." "It erases the tag
    /// when the result is zero", or negative, or no number.
    public static func linear(_ coefficient: Double) -> Decay {
        Decay { value, _ in
            let left = (Double(value.value) * coefficient).rounded(.down)
            guard left > 0 else { return nil }
            return Int(exactly: left) ?? .max
        }
    }

    /// "Expires a tag after a certain period of no bumps", and leaves its value alone until then.
    ///
    /// Go's sets the value to zero at the first tick, and never expires: it compares with the time until the
    /// last visit, which lies in the past, and was a decay as often as a bump.
    public static func expireWhenInactive(after period: Duration) -> Decay {
        Decay { value, now in
            value.lastBump.advanced(by: period) <= now ? nil : value.value
        }
    }
}

/// "Applies a delta onto an existing score, and returns the new score. Non-trivial bump functions include
/// exponential boosting, moving averages, ceilings, etc."
///
/// Source: `BumpFn` and its presets of go-libp2p's package `connmgr`, which is quoted here.
public struct Bump: Sendable {
    /// The new score, from the existing one, zero for a value that is only just added, and the delta. It is
    /// called under the peer's lock: it must not call the manager.
    public let apply: @Sendable (DecayingValue, Int) -> Int

    public init(_ apply: @escaping @Sendable (DecayingValue, Int) -> Int) {
        self.apply = apply
    }

    /// "Adds the incoming value to the peer's score"; stops at the ends of the type.
    public static let sumUnbounded = Bump { value, delta in
        Int(clamping: Int128(value.value) + Int128(delta))
    }

    /// "Keeps summing the incoming score, keeping it within a [min, max] range."
    public static func sumBounded(_ range: ClosedRange<Int>) -> Bump {
        Bump { value, delta in
            let sum = Int(clamping: Int128(value.value) + Int128(delta))
            return min(max(sum, range.lowerBound), range.upperBound)
        }
    }

    /// "Replaces the current value of the tag with the incoming one."
    public static let overwrite = Bump { _, delta in delta }
}
