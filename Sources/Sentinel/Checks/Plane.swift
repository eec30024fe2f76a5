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

extension Plane: LosslessStringConvertible {
    public init?(_ text: String) {
        guard let plane = Self.allCases.first(where: { $0.description == text }) else { return nil }
        self = plane
    }

    /// The name that configurations and logs use.
    public var description: String {
        switch self {
        case .userSpace: "user-space"
        case .kernel: "kernel"
        }
    }
}
