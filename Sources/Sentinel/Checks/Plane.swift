// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Where a denial lives.
public enum Plane: UInt8, Hashable, Sendable, Comparable, CaseIterable {
    /// The node refuses, each time it is asked.
    case userSpace
    /// The node refuses at once, and hands the denial over so that the kernel refuses from then on.
    case kernel

    @inlinable
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
