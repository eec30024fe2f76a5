// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import BanLists
public import Feeds
internal import Inet
public import SentinelConfiguration

extension FeedReading {
    /// The largest file that is read, in bytes: some ten million addresses with a comment each.
    public static let maximumFileSize = 1 << 28
    /// Wider blocks are a slip, or somebody's wish to cut everybody off: they are refused. Prefix lengths.
    static let widest4 = 8
    static let widest6 = 16
    /// So many refusals are told with their lines.
    static let mostRefusalsTold = 5

    /// Reads a list in any of the formats of BanLists.
    ///
    /// - Parameters:
    ///   - format: its format's name; nil: found out by its beginning.
    ///   - now: in milliseconds since 1970-01-01T00:00Z.
    ///   - file: what it is called in messages.
    /// - Throws: where nothing in it can be taken, or so little that it must be something else, or damaged.
    public init(
        text: [UInt8], format: String?, now: Int64, file: String
    ) throws(ConfigurationError) {
        self.init()
        guard text.count <= Self.maximumFileSize else {
            throw ConfigurationError(
                file: file, fault: "is larger than \(Self.maximumFileSize) bytes",
                remedy: "check that it is the right file, or split it into several feeds")
        }
        guard text.contains(where: { !Self.blanks.contains($0) }) else {
            throw ConfigurationError(
                file: file, fault: "is empty, as a file is whose download failed",
                remedy: "fetch it again; if it is meant to be empty, write a line \"# empty\" into it")
        }
        let kind = try Self.kind(of: text, format, file)
        guard let reader = kind.format else {
            throw ConfigurationError(
                file: file, fault: "is fail2ban's database, which is no list of text",
                remedy: "have `fail2ban-client banned` write one")
        }
        self.format = kind.rawValue
        let reading: BanListReading
        do {
            // Of a plain list, blocks that are next to each other have become one already.
            reading =
                kind == .plain
                ? PlainList.read(
                    text.span, now: ListTime(milliseconds: now), widest4: Self.widest4, widest6: Self.widest6)
                : try reader.read(text.span, now: ListTime(milliseconds: now))
        } catch {
            throw Self.failure(error, file)
        }
        ended = reading.ended
        take(reading, isAggregated: kind == .plain)
        let taken = reading.entries.count + reading.merged + reading.refusals.count - refused
        guard refused <= max(taken, 0) else {
            let first = refusals.first ?? ""
            throw ConfigurationError(
                file: file,
                fault:
                    "isn't what it should be: \(refused) entries of it are refused, \(max(taken, 0)) aren't; \(first)",
                remedy: "look at what was fetched")
        }
    }

    private static let blanks = Set(" \t\r\n".utf8)

    private static func kind(
        of text: [UInt8], _ format: String?, _ file: String
    ) throws(ConfigurationError) -> BanListKind {
        guard let format else {
            do {
                return try BanListKind(recognising: text.span)
            } catch {
                if isEmptyOnPurpose(text) { return .plain }
                throw failure(error, file)
            }
        }
        guard let kind = BanListKind(rawValue: format) else {
            throw ConfigurationError(
                file: file, fault: "can't be read as \(format.quotedInMessage), which is no known format",
                remedy: "the formats are " + BanListKind.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return kind
    }

    /// Whether there are comments and nothing else.
    private static func isEmptyOnPurpose(_ text: [UInt8]) -> Bool {
        let reading = PlainList.read(text.span, now: ListTime(milliseconds: 0), widest4: 0, widest6: 0)
        return reading.comments > 0 && reading.entries.isEmpty && reading.refusals.isEmpty
    }

    private static func failure(_ error: BanListError, _ file: String) -> ConfigurationError {
        // Said to whom imports a list, it names an option.
        let names = BanListKind.allCases.filter { $0.format != nil }.map(\.rawValue).joined(separator: ", ")
        let remedy =
            error.remedy.contains("--format")
            ? "say in its [[feed]] which format it has, if it has one: \(names)" : error.remedy
        return ConfigurationError([
            .init(file: file, line: error.line, fault: error.problem, remedy: remedy)
        ])
    }

    /// Takes what a feed can hold.
    private mutating func take(_ reading: BanListReading, isAggregated: Bool) {
        var builder = AddressList.Builder()
        refused = reading.refusals.count
        for refusal in reading.refusals.prefix(Self.mostRefusalsTold) { tell(refusal) }
        for (place, entry) in reading.entries.enumerated() {
            if let (problem, remedy) = Self.fault(of: entry.subject), !isAggregated {
                refused += 1
                guard refusals.count < Self.mostRefusalsTold else { continue }
                tell(
                    .init(problem, line: Int(reading.lines[place]), item: "\(entry.subject)", remedy: remedy))
                continue
            }
            if case .at(let end) = entry.end { nextEnd = min(nextEnd ?? .max, end.milliseconds) }
            if let network = entry.subject.network { builder.add(network) }
        }
        list = builder.finish()
    }

    private mutating func tell(_ refusal: BanListReading.Refusal) {
        refusals.append(
            "line \(refusal.line): \(refusal.problem), \(refusal.item.quotedInMessage); \(refusal.remedy)")
    }

    /// Why a feed can't hold something; nil where it can.
    private static func fault(of subject: BanEntry.Subject) -> (problem: String, remedy: String)? {
        switch subject {
        case .address: return nil
        case .endpoint:
            return ("an endpoint", "write its address, or ban it by `sentinelctl import`")
        case .block(let network):
            let widest = network.family == .ipv4 ? widest4 : widest6
            guard network.prefixLength < widest else { return nil }
            return ("a block wider than /\(widest)", "write the blocks that are meant")
        }
    }
}
