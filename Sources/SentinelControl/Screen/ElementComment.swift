// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol

/// What the comment on an element says of its ban: `rate-limit by user:seed, strike 2, peer 12D3KooW…`. Where there are
/// too many bans to ask for all, it stands in for them.
struct ElementComment: Hashable, Sendable {
    let reason: String
    let caller: String
    let byOperator: Bool
    let strikes: Int
    let peer: String?

    /// nil where the comment isn't sentineld's.
    init?(_ text: String) {
        let parts = text.split(separator: ", ", maxSplits: 2, omittingEmptySubsequences: false)
        let words = parts[0].split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count > 1, parts[1].hasPrefix("strike "), let strikes = Int(parts[1].dropFirst(7)),
            words.count == 3 || words.count == 4 && words[2] == "operator", words[1] == "by"
        else { return nil }
        reason = String(words[0])
        caller = String(words[words.count - 1])
        byOperator = words.count == 4
        self.strikes = strikes
        peer = parts.count > 2 && parts[2].hasPrefix("peer ") ? String(parts[2].dropFirst(5)) : nil
    }
}

extension Check {
    /// The check whose bans are in the set of this name; nil where no check's are.
    init?(set name: String) {
        switch name.prefix(while: { !$0.isNumber }) {
        case "accept": self = .accept
        case "dial": self = .dial
        case "net": self = .network
        default: return nil
        }
    }
}
