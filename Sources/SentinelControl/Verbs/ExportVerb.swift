// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import BanLists
internal import SentinelProtocol
internal import Varlink

struct ExportVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the bans in force as a list that another program reads.",
        discussion: """
            Of several options, all must hold. What the format can't hold is counted on the standard error: endpoints in \
            most, ends in those whose program bans for good. --output writes beside the file and renames, so that \
            there is the old list or the new one, whole. With --json, the counts are JSON.

            sentinel loses nothing. The README has a table of what the others hold.

            EXAMPLES:
              sentinelctl export --format sentinel --output bans.jsonl
              sentinelctl export --format bitcoin --output ~/.bitcoin/banlist.json
              sentinelctl export --format crowdsec --output bans.json && cscli decisions import -i bans.json
              sentinelctl export --format monero --check accept --output ban-list.txt
              sentinelctl export --format plain --reason scanner | ssh other sentinelctl import -
            """)

    @Option(help: ArgumentHelp("What to write.", valueName: "format"))
    var format: ListFormatName

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Where to write it (default: the standard output).", valueName: "file"))
    var output: String?

    @Option(
        help: ArgumentHelp("Bans of this address, block, endpoint or multiaddr.", valueName: "subject"))
    var subject: String?

    @OptionGroup var filters: FilterOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard format.kind.format != nil else {
            throw ValidationError("fail2ban's database is fail2ban's to write; use --format fail2ban")
        }
    }

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        guard let format = format.kind.format else { return .usage }
        let filter = filters.filter(subject: subject)
        var entries: [BanEntry] = []
        var unread: [String] = []
        var shadowed = 0
        defer { console.showProgress?("") }
        let client = try await helper.connect()
        for try await page in client.stream(HelperInterface.list, .init(filter: filter)) {
            shadowed += page.bans.count { !$0.isEnforced }
            for ban in page.bans {
                if let entry = BanEntry(ban) { entries.append(entry) } else { unread.append(ban.key) }
            }
            console.showProgress?("Read \(Quantity.count(entries.count, "ban"))…")
        }
        console.showProgress?("")
        let writing = format.write(entries, now: ListTime(milliseconds: console.now().rawValue))
        if let output {
            try NamedFile(path: output).write(writing.text)
        } else {
            try console.write(String(decoding: writing.text, as: UTF8.self))
        }
        for key in unread { console.remark("\(key) left out: a range that is no block; no list holds it.") }
        if shadowed > 0 {
            let bans = Quantity.count(shadowed, "ban is", "bans are")
            console.remark("\(bans) only counted here, in shadow; who takes the list in may enforce them.")
        }
        try tell(writing, console)
        return .done
    }

    private func tell(_ writing: BanListWriting, _ console: Console) throws {
        let summary = ExportSummary(format: format.kind, file: output, writing)
        if common.json {
            let text = try JSONText.document(summary)
            if output != nil { try console.write(text) } else { console.writeError(String(text.dropLast())) }
            return
        }
        for omission in writing.omissions {
            let count =
                omission.kind == .bans
                ? "\(Quantity.number(omission.count)) left out" : Quantity.count(omission.count, "ban")
            console.remark("\(format.kind.rawValue) can't hold \(omission.what): \(count).")
        }
        if let output { console.remark("\(Quantity.count(writing.count, "ban")) in \(output).") }
    }
}

/// What became of an export, as it is told.
struct ExportSummary: Encodable {
    struct Omission: Encodable {
        /// `bans`, which aren't in the list, or `parts` of those that are.
        var kind: String
        var what: String
        var count: Int
    }

    var format: String
    var file: String?
    /// How many bans are in the list.
    var bans: Int
    var omitted: [Omission]

    init(format: BanListKind, file: String?, _ writing: BanListWriting) {
        self.format = format.rawValue
        self.file = file
        bans = writing.count
        omitted = writing.omissions.map {
            Omission(kind: $0.kind == .bans ? "bans" : "parts", what: $0.what, count: $0.count)
        }
    }
}
