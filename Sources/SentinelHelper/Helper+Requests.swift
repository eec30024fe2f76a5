// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel
internal import SentinelConfiguration
internal import SentinelProtocol

/// What a node or an operator asks to be blocked, in one form for both.
struct BlockRequest: Hashable, Sendable {
    /// How long.
    enum Wish: Hashable, Sendable {
        /// As the configuration says.
        case configured
        /// So many milliseconds.
        case milliseconds(Int64)
        case forGood
    }

    var check: Check
    var subject: String
    var peer: String?
    var reason: String
    var detail: String?
    var wish: Wish
    /// Whether an accept denial's source has proved its address.
    var isValidated: Bool
    /// Whether a ban that would end later is cut short.
    var isExact: Bool
    var isOperators: Bool

    /// A node's denial.
    init(_ denial: Denial) {
        check = denial.check
        subject = denial.subject
        peer = denial.peer
        reason = denial.reason
        detail = denial.detail
        wish = denial.duration.map { .milliseconds($0.rawValue) } ?? .configured
        isValidated = denial.validated
        isExact = false
        isOperators = false
    }

    /// An operator's request. An operator answers for the address himself.
    init(_ request: BanRequest) {
        check = request.check
        subject = request.subject
        peer = request.peer
        reason = request.reason ?? "operator"
        detail = request.detail
        wish =
            switch request.duration?.rawValue {
            case nil: .configured
            case 0?: .forGood
            case let milliseconds?: .milliseconds(milliseconds)
            }
        isValidated = true
        isExact = request.exact ?? false
        isOperators = true
    }

    /// What the bans of a part of a list have in common; its subject is none.
    init(_ part: ImportPart) {
        self.init(
            BanRequest(
                check: part.check, subject: "", peer: part.peer, reason: part.reason, detail: part.detail,
                duration: part.duration))
    }
}

extension BlockRequest {
    /// Checks everything that can be checked without knowing any ban.
    ///
    /// - Parameter bounds: what nodes may ask for.
    func validated(within bounds: Configuration.Node) throws(RefusalError) -> (target: Target, reason: Reason)
    {
        let code = try validatedReason()
        let target = try Target(subject, for: check)
        if !isOperators, case .network(let network) = target { try bounds.check(network) }
        if check != .dial, !isValidated {
            throw RefusalError(
                .unvalidated,
                "\(target.description): the source hasn't proved its address, so the ban could hit "
                    + "whom an attacker chose; deny it in the node, and report it once a handshake has proved it"
            )
        }
        return (target, code)
    }

    /// Checks all but the subject.
    func validatedReason() throws(RefusalError) -> Reason {
        let code: Reason
        do {
            code = try Reason(parsing: reason)
        } catch {
            throw RefusalError(.malformed, "\(error)")
        }
        if let peer { try Self.check(peer: peer) }
        if let detail, detail.utf8.count > Self.longestDetail {
            throw RefusalError(
                .malformed, "detail: \(detail.utf8.count) bytes; shorten it to \(Self.longestDetail)")
        }
        if case .milliseconds(let milliseconds) = wish, milliseconds <= 0 || milliseconds > Self.longestBan {
            throw RefusalError(
                .malformed,
                "duration: \(milliseconds) ms; from 1 ms to 100 years, or none for what the configuration says"
            )
        }
        return code
    }

    private static var longestDetail: Int { 200 }

    private static var longestBan: Int64 { 100 * 366 * 86_400_000 }

    /// A peer's id is shown and compared, never interpreted: any node's kind will do that fits a line.
    private static func check(peer: String) throws(RefusalError) {
        let isPlain = peer.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: ":"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "-"), UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
        guard isPlain, (1...128).contains(peer.utf8.count) else {
            throw RefusalError(
                .malformed, "peer \(quoted(peer)): 1 to 128 letters, digits and :._-=+/ are a peer's id")
        }
    }
}

extension Configuration.Node {
    /// Refuses a block that is wider than a node may ban.
    fileprivate func check(_ network: IPNetwork) throws(RefusalError) {
        let (key, widest) = network.family == .ipv4 ? ("widest4", widest4) : ("widest6", widest6)
        guard let widest else {
            throw RefusalError(
                .forbidden,
                "\(network): nodes may not ban blocks, for [node] \(key) is \"none\"; deny the addresses one by one. "
                    + "The operator may ban the block himself, or set \(key)")
        }
        guard network.prefixLength < widest else { return }
        throw RefusalError(
            .forbidden,
            "\(network) is wider than a /\(widest), the widest block that a node may ban; deny a narrower one. The "
                + "operator may ban this one himself, or lower [node] \(key)")
    }
}
