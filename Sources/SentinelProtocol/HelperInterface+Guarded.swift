// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Whom nothing may block, and why.
public struct GuardEntry: Codable, Hashable, Sendable {
    /// An address, or a block in CIDR notation.
    public var network: String
    public var guardName: GuardName
    /// Who protects a peer there, for ``GuardName/protected``: of several, one.
    public var caller: String?
    /// Whether the kernel's exempt sets have it. A protected address isn't there while a ban of somebody else's is in
    /// force on it.
    public var inKernel: Bool

    public init(network: String, guardName: GuardName, caller: String? = nil, inKernel: Bool) {
        self.network = network
        self.guardName = guardName
        self.caller = caller
        self.inKernel = inKernel
    }

    private enum CodingKeys: String, CodingKey {
        case network
        case guardName = "guard"
        case caller
        case inKernel = "in_kernel"
    }
}

extension HelperInterface {
    /// ``HelperInterface/guarded``
    public enum Guarded {
        public struct Reply: Codable, Hashable, Sendable {
            /// In the order in which the guards are asked.
            public var entries: [GuardEntry]

            public init(entries: [GuardEntry]) {
                self.entries = entries
            }
        }
    }
}
