// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// The comment on a ban's element: what `nft list set` shows, and what the helper reads a ban back from where it
/// finds the element in the kernel and knows nothing else of it.
///
/// `rate-limit by user:seed, strike 2, peer 12D3KooW…`
struct BanComment: Hashable, Sendable {
    var reason: String
    var caller: String
    var isOperators: Bool
    var strikes: Int
    var peer: String?

    /// What an element's comment holds, in bytes.
    static let maximumLength = 127

    /// The text. A peer's id that doesn't fit is left out rather than cut.
    var text: String {
        let base = "\(reason) by \(isOperators ? "operator " : "")\(caller), strike \(strikes)"
        guard let peer, base.utf8.count + peer.utf8.count + 7 <= Self.maximumLength else { return base }
        return "\(base), peer \(peer)"
    }

    init(_ record: BanRecord) {
        reason = record.reason
        caller = record.caller
        isOperators = record.isOperators
        strikes = record.strikes
        peer = record.peer
    }

    /// Reads a text back; nil where it isn't one of ours.
    init?(_ text: String) {
        let parts = text.split(separator: ", ", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[1].hasPrefix("strike "), let strikes = Int(parts[1].dropFirst(7)) else {
            return nil
        }
        let words = parts[0].split(separator: " ")
        guard words.count >= 3, words[1] == "by" else { return nil }
        reason = String(words[0])
        isOperators = words[2] == "operator"
        guard words.count == (isOperators ? 4 : 3), let caller = words.last else { return nil }
        self.caller = String(caller)
        self.strikes = strikes
        peer = parts.count > 2 && parts[2].hasPrefix("peer ") ? String(parts[2].dropFirst(5)) : nil
    }
}
