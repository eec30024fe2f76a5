// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import BanLists
internal import Inet
internal import Sentinel
internal import SentinelProtocol

/// What an import says of all its bans, in the place of what the list says.
struct ImportTerms: Hashable, Sendable {
    /// nil: by each subject's form.
    var check: SentinelProtocol.Check?
    var reason: String?
    /// In milliseconds, zero for good; nil: as the list says.
    var length: Milliseconds?
}

/// A ban of a list, on its way to the helper.
struct ImportedBan: Sendable {
    var entry: BanEntry
    var check: SentinelProtocol.Check
    /// Where in the list it is.
    var line: Int
    let terms: ImportTerms

    /// - Throws: why the entry and the check don't go together.
    init(_ entry: BanEntry, line: Int, terms: ImportTerms) throws(Misfit) {
        let recorded = entry.notes?.record.flatMap { SentinelProtocol.Check(rawValue: $0.check) }
        let own: SentinelProtocol.Check =
            switch entry.subject {
            case .address: .accept
            case .block: .network
            case .endpoint: .dial
            }
        check = terms.check ?? recorded ?? own
        switch (entry.subject, check) {
        case (.address, .accept), (.address, .network), (.block, .network), (.endpoint, .dial): break
        default: throw Misfit(subject: entry.subject, check: check)
        }
        self.entry = entry
        self.line = line
        self.terms = terms
    }

    struct Misfit: Error {
        var subject: BanEntry.Subject
        var check: SentinelProtocol.Check

        var refusal: BanListReading.Refusal {
            let kind =
                switch subject {
                case .address: "an address"
                case .block: "a block"
                case .endpoint: "an endpoint"
                }
            return .init(
                "\(kind) at \(check.rawValue)", line: 0, item: subject.description,
                remedy:
                    "leave out --check: an address is refused at accept, a block as a network, an endpoint at dial"
            )
        }
    }

    /// When it would end; nil: never or as the configuration says.
    func end(now: Timestamp) -> BanEntry.End {
        guard let length = terms.length else { return entry.end }
        guard length.rawValue > 0 else { return .forGood }
        return .at(ListTime(milliseconds: now.rawValue).advanced(by: length.rawValue))
    }

    /// Whether the helper is asked for the same as for another, but for the subject. Not always noticed.
    func hasWords(of other: ImportedBan) -> Bool {
        check == other.check && entry.notes === other.entry.notes && entry.end == other.entry.end
    }

    /// What the helper is asked for. What ended on the way there lasts for a moment.
    func part(now: Timestamp) -> ImportPart {
        var length: Milliseconds?
        switch end(now: now) {
        case .unstated: break
        case .forGood: length = Milliseconds(rawValue: 0)
        case .at(let end):
            let left = ListTime(milliseconds: now.rawValue).distance(to: end)
            length = Milliseconds(rawValue: left > Self.longest ? 0 : max(1, left))
        }
        return ImportPart(
            check: check, subjects: entry.subject.text(for: check), peer: entry.peer, reason: reason,
            detail: detail, duration: length)
    }

    /// The longest that a helper grants, a hundred years, in milliseconds; what is beyond is for good.
    private static let longest: Int64 = 36_500 * 86_400_000

    /// A code that durations can be configured by, made of the list's own words.
    private var reason: String {
        if let reason = terms.reason { return reason }
        return entry.reason.flatMap(Self.code) ?? "imported"
    }

    /// What the list says beyond the code, in the bytes that a detail may have.
    private var detail: String? {
        var parts: [String] = []
        if let origin = entry.origin { parts.append(origin) }
        if let words = entry.reason, words != reason { parts.append(words) }
        if let detail = entry.detail { parts.append(detail) }
        guard !parts.isEmpty else { return nil }
        var text = parts.joined(separator: ": ")
        while text.utf8.count > 200 { text.removeLast() }
        return text
    }

    /// `crowdsecurity/ssh-bf` becomes `crowdsecurity-ssh-bf`; nil where nothing is left.
    static func code(_ words: String) -> String? {
        var code = ""
        for byte in words.utf8 where code.utf8.count < Reason.maximumLength {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                code.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): code.unicodeScalars.append(Unicode.Scalar(byte | 32))
            case UInt8(ascii: "-"): code += "-"
            default:
                if !code.isEmpty, code.last != "-" { code += "-" }
            }
        }
        if Reason(words) == nil {
            while code.last == "-" { code.removeLast() }
        }
        return code.isEmpty ? nil : code
    }
}

extension BanEntry.Subject {
    /// As the helper wants it for a check: a network is a block always.
    func text(for check: SentinelProtocol.Check) -> String {
        check == .network ? network?.description ?? description : description
    }
}
