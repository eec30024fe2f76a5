// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import PlainText

/// The formats by the names that they are chosen by.
public enum BanListKind: String, CaseIterable, Sendable {
    case sentinel
    case bitcoin
    case bitcoinRPC = "bitcoin-rpc"
    case crowdsec
    case crowdsecStream = "crowdsec-stream"
    case fail2ban
    case fail2banDatabase = "fail2ban-db"
    case monero
    case moneroRPC = "monero-rpc"
    case plain
    case sshguard

    /// The format; nil for a database, which is no text.
    public var format: (any BanListFormat.Type)? {
        switch self {
        case .sentinel: SentinelLines.self
        case .bitcoin: BitcoinList.self
        case .bitcoinRPC: BitcoinListBanned.self
        case .crowdsec: CrowdSecDecisions.self
        case .crowdsecStream: CrowdSecStream.self
        case .fail2ban: Fail2banBanned.self
        case .fail2banDatabase: nil
        case .monero: MoneroList.self
        case .moneroRPC: MoneroBans.self
        case .plain: PlainList.self
        case .sshguard: SSHGuardBlacklist.self
        }
    }

    /// Finds out by its beginning what a list is.
    ///
    /// A list of addresses alone is `plain`: monerod's list of the same look bans for good, which has to be said.
    ///
    /// - Throws: where the beginning fits none, or several.
    public init(recognising text: Span<UInt8>) throws(BanListError) {
        let magic = Array("SQLite format 3\0".utf8)
        if text.count >= magic.count, magic.indices.allSatisfy({ text[$0] == magic[$0] }) {
            self = .fail2banDatabase
            return
        }
        var index = text.beginning
        while index < text.count, text[index].isBlank || text[index] == UInt8(ascii: "\n") { index += 1 }
        guard index < text.count else {
            throw BanListError("the list is empty", remedy: "say with --format what it is, if that is right")
        }
        switch text[index] {
        case UInt8(ascii: "{"): self = try Self.ofObject(try JSONReader.first(text).node)
        case UInt8(ascii: "[") where !Self.isBracketedAddress(text, index):
            self = try Self.ofArray(try JSONReader.first(text).node)
        // What cscli prints where there is none.
        case UInt8(ascii: "n")
        where ["null", "null\n"].contains(text.string(index..<min(text.count, index + 6))):
            self = .crowdsec
        default: self = try Self.ofLines(text)
        }
    }

    private static func unknown(_ line: Int, _ problem: String) -> BanListError {
        let names = allCases.map(\.rawValue).joined(separator: ", ")
        return BanListError(line: line, problem, remedy: "say with --format what it is: \(names)")
    }

    private static func ofObject(_ node: JSONNode) throws(BanListError) -> BanListKind {
        let keys = Set(node.members?.map(\.key) ?? [])
        if keys.contains("banned_nets") { return .bitcoin }
        if keys.contains("subject"), keys.contains("check") { return .sentinel }
        if keys.contains("new") || keys.contains("deleted") { return .crowdsecStream }
        if keys.contains("decisions") || keys.contains("value") { return .crowdsec }
        if keys.contains("bans") || node["result"]?["bans"] != nil || node["params"]?["bans"] != nil {
            return .moneroRPC
        }
        if node["result"]?.array?.first?["banned_until"] != nil { return .bitcoinRPC }
        throw unknown(node.line, "it begins with JSON that fits no format")
    }

    private static func ofArray(_ node: JSONNode) throws(BanListError) -> BanListKind {
        guard let first = node.array?.first else {
            throw unknown(node.line, "an empty list in brackets fits several formats")
        }
        if first["banned_until"] != nil { return .bitcoinRPC }
        if first["decisions"] != nil || first["value"] != nil { return .crowdsec }
        if let members = first.members, members.allSatisfy({ $0.node.array != nil }) { return .fail2ban }
        throw unknown(first.line, "it begins with JSON that fits no format")
    }

    /// Whether an IPv6 address in brackets stands there, as monerod wants it.
    private static func isBracketedAddress(_ text: Span<UInt8>, _ start: Int) -> Bool {
        guard let end = text.first(UInt8(ascii: "]"), in: start..<min(text.count, start + 48)) else {
            return false
        }
        return AddressText.address(text, start..<end + 1) != nil
    }

    private static func ofLines(_ text: Span<UInt8>) throws(BanListError) -> BanListKind {
        var start = text.beginning
        var number = 1
        while start < text.count {
            let end = text.first(UInt8(ascii: "\n"), in: start..<text.count) ?? text.count
            let line = text.trimmed(start..<end)
            if let kind = ofLine(text, line) { return kind }
            let isComment = text.trimmed(line.lowerBound..<PlainList.commentStart(text, line)).isEmpty
            guard isComment else {
                throw unknown(
                    number, "\"\(text.string(line).excerpt)\" is the beginning of no list that is known")
            }
            start = end + 1
            number += 1
        }
        throw unknown(1, "there are comments only, which fit several formats")
    }

    /// What a list is in which this is a line; nil where the line doesn't say.
    private static func ofLine(_ text: Span<UInt8>, _ line: Range<Int>) -> BanListKind? {
        guard let first = line.first else { return nil }
        if let bar = text.first(UInt8(ascii: "|"), in: line), text.integer(line.lowerBound..<bar) != nil {
            return .sshguard
        }
        if text[first] == 0x1B || text.string(line).contains(" banned for ") { return .moneroRPC }
        if text[first] == UInt8(ascii: "[") { return .monero }
        let entry = text.trimmed(line.lowerBound..<PlainList.commentStart(text, line))
        if case .problem(let problem, _) = AddressText.read(text, entry), problem == "no address" {
            return nil
        }
        return .plain
    }
}
