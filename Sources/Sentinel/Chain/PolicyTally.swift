// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// How often a policy has decided.
public struct PolicyTally: Hashable, Sendable {
    /// The policy's name.
    public var name: String
    /// Denials that held.
    public var denied = 0
    /// Questions at which it ended the asking.
    public var admitted = 0
    /// Denials that were set aside.
    public var spared = 0
    /// What it would have denied, admitted, made another or set aside, were it not a shadow.
    public var shadow = 0
    /// The last denial of whichever kind.
    public var last: Denial?

    public init(name: String) {
        self.name = name
    }

    /// What is counted.
    enum Outcome {
        case denied, admitted, spared, shadow
    }

    /// Counts. What is allowed by default touches nothing here.
    final class Counter: Sendable {
        private let state: Guarded<PolicyTally>

        init(_ name: String) {
            state = Guarded(PolicyTally(name: name))
        }

        var tally: PolicyTally { state.withLock { $0 } }

        func count(_ outcome: Outcome, _ denial: Denial? = nil) {
            state.withLock { tally in
                switch outcome {
                case .denied: tally.denied += 1
                case .admitted: tally.admitted += 1
                case .spared: tally.spared += 1
                case .shadow: tally.shadow += 1
                }
                if let denial { tally.last = denial }
            }
        }
    }
}
