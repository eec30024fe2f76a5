// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import BanLists
internal import Fail2banDatabase
internal import PlainText
internal import Sentinel
internal import SentinelProtocol
internal import Varlink

struct ImportVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Ban what a list of another program holds, or one of ours.",
        discussion: """
            What the list is, its beginning tells; --format says it where that fits several.

              sentinel         a ban a line, as "list --json" and export print them
              bitcoin          banlist.json of Bitcoin Core
              bitcoin-rpc      what listbanned answers, Litecoin's as well
              crowdsec         cscli decisions list -o json; decisions as lines or array
              crowdsec-stream  what a bouncer gets: {"new": […], "deleted": […]}
              fail2ban         fail2ban-client banned
              fail2ban-db      fail2ban.sqlite3, which has the times too
              monero           the file of monerod's --ban-list: for good
              monero-rpc       get_bans, and what monerod's command bans prints
              plain            an address, block or range a line; #, ; and // are comments
              sshguard         sshguard's blacklist: for good

            A ban lasts as long as the list still gives it, else as the configuration says; --for and --for-good say it \
            for all. What has ended isn't banned. An address is refused at accept, a block as a network, an endpoint \
            at dial. What is banned already, until then at least, or within such a block, is left as it is. The \
            reason is the list's, as a code (default: imported).

            All of a list is banned as one: whatever ends in the midst of it, all of it holds or nothing. Nothing is left \
            out in silence: the exit status is 1 where something was refused. --json tells all that \
            was, each with its line.

            EXAMPLES:
              sentinelctl import firehol_level1.netset --for 1d --reason firehol
              sentinelctl import --dry-run /var/lib/fail2ban/fail2ban.sqlite3
              cscli decisions list -o json | sentinelctl import -
              litecoin-cli listbanned | sentinelctl import -
              ssh other sentinelctl export --format sentinel | sentinelctl import -
            """)

    @Argument(help: ArgumentHelp("The list; - for the standard input.", valueName: "file"))
    var file: String

    @Option(help: ArgumentHelp("What the list is (default: by its beginning).", valueName: "format"))
    var format: ListFormatName?

    @Option(
        help: ArgumentHelp("The reason for all, [a-z0-9-] (default: the list's).", valueName: "code"),
        transform: reasonCode)
    var reason: String?

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long all last: 90s, 1h30m, 7d, 2w.", valueName: "duration"),
        transform: duration)
    var length: Milliseconds?

    @Flag(help: "All last until they are lifted.")
    var forGood = false

    @Option(help: "Where all take effect (default: by each subject's form).")
    var check: CheckName?

    @Flag(help: "Only show what it would be.")
    var dryRun = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if forGood, length != nil {
            throw ValidationError("--for and --for-good exclude each other; choose one")
        }
    }

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        let list = NamedFile(path: file)
        // Whatever is said next has the line for itself, also where it is what went wrong.
        defer { console.showProgress?("") }
        console.showProgress?("Reading \(list.name.sanitised)…")
        let (kind, reading) = try read(list, now: ListTime(milliseconds: console.now().rawValue))
        var summary = ImportSummary(file: list.name, format: kind.rawValue, dryRun: dryRun)
        var bans = imported(reading, &summary)
        try await leaveOut(&bans, &summary, console, helper)
        if dryRun {
            summary.taken = bans.count
        } else {
            try await send(bans, &summary, console, helper)
        }
        console.showProgress?("")
        if common.json {
            try console.write(JSONText.document(summary))
        } else {
            try console.print(summary.lines(console))
            for complaint in summary.complaints { console.complain(complaint) }
        }
        if !dryRun { await complainOfShadow(Set(bans.map(\.check.rawValue)), console, helper) }
        return summary.refused.isEmpty && summary.pending == 0 ? .done : .refused
    }

    /// Says where what was banned refuses nobody.
    private func complainOfShadow(_ checks: Set<String>, _ console: Console, _ helper: HelperAddress) async {
        guard !checks.isEmpty,
            let status = try? await helper.call(HelperInterface.status, VarlinkEmpty()),
            let notice = ShadowNotice((status.shadow ?? []).map(\.rawValue).filter(checks.contains))
        else { return }
        console.complain(notice.complaint("bans at these checks refuse"))
    }

    private func read(_ list: NamedFile, now: ListTime) throws -> (BanListKind, BanListReading) {
        let bytes = try list.read()
        do throws(BanListError) {
            let kind = if let format { format.kind } else { try BanListKind(recognising: bytes.span) }
            if let format = kind.format { return (kind, try format.read(bytes.span, now: now)) }
            guard list.path != "-" else {
                throw BanListError("a database can't be read from a pipe", remedy: "name its file")
            }
            return (kind, try Fail2banDatabase.read(path: list.path, now: now))
        } catch {
            let line = error.line.map { " line \($0)" } ?? ""
            throw ControlError(.refused, "\(list.name)\(line): \(error.problem); \(error.remedy)")
        }
    }

    /// What there is to ban, each subject once, to the latest end that the list gives it.
    private func imported(_ reading: BanListReading, _ summary: inout ImportSummary) -> [ImportedBan] {
        for refusal in reading.refusals { summary.refuse(refusal) }
        (summary.ended, summary.comments) = (reading.ended, reading.comments)
        summary.mergedInList = reading.merged
        let terms = ImportTerms(
            check: check?.check, reason: reason, length: forGood ? Milliseconds(rawValue: 0) : length)
        var bans: [ImportedBan] = []
        bans.reserveCapacity(reading.entries.count)
        var known: [BanKey: Int] = [:]
        known.reserveCapacity(reading.isDistinct ? 0 : reading.entries.count)
        for (entry, line) in zip(reading.entries, reading.lines) {
            do throws(ImportedBan.Misfit) {
                let ban = try ImportedBan(entry, line: Int(line), terms: terms)
                guard !reading.isDistinct else {
                    bans.append(ban)
                    continue
                }
                let key = BanKey(check: ban.check, subject: entry.subject)
                guard let other = known[key] else {
                    known[key] = bans.count
                    bans.append(ban)
                    continue
                }
                summary.mergedInList += 1
                if entry.end.isLater(than: bans[other].entry.end) { bans[other] = ban }
            } catch {
                summary.refuse(error.refusal, line: Int(line))
            }
        }
        return bans
    }

    private struct BanKey: Hashable {
        var check: SentinelProtocol.Check
        var subject: BanEntry.Subject
    }

    /// Leaves out what is banned already. A trial does without the helper, and says so.
    private func leaveOut(
        _ bans: inout [ImportedBan], _ summary: inout ImportSummary, _ console: Console,
        _ helper: HelperAddress
    ) async throws {
        guard !bans.isEmpty else { return }
        var inForce = BansInForce()
        do {
            inForce = try await bansInForce(helper)
        } catch let error as VarlinkError where dryRun {
            let error = ControlError(error, socket: helper.socket)
            console.showProgress?("")
            console.remark("What is banned already isn't known: \(error.message).")
        }
        let now = console.now()
        bans.removeAll { ban in
            switch inForce.relation(of: ban, now: now) {
            case .none:
                return false
            case .renewed:
                summary.renewed += 1
                return false
            case .banned:
                summary.alreadyBanned += 1
                return true
            case .within:
                summary.withinBlock += 1
                return true
            }
        }
    }

    private func bansInForce(_ helper: HelperAddress) async throws -> BansInForce {
        let client = try await helper.connect()
        var bans = BansInForce()
        for try await page in client.stream(HelperInterface.list, .init()) { bans.add(page.bans) }
        return bans
    }

    private func send(
        _ bans: [ImportedBan], _ summary: inout ImportSummary, _ console: Console, _ helper: HelperAddress
    ) async throws {
        let total = Quantity.number(bans.count)
        let outcome: ImportSending.Outcome
        do {
            outcome = try await ImportSending(helper: helper, now: console.now).send(bans) { named in
                console.showProgress?(
                    named < bans.count
                        ? "Named \(Quantity.number(named)) of \(total)…"
                        : "Waiting for \(total) bans to be enforced and written…")
            }
        } catch {
            console.showProgress?("")
            console.complain(
                "it ended before all of the list was banned, and so nothing of it should be; import it again when what "
                    + "follows is mended, for what is banned all the same is left as it is")
            throw error
        }
        summary.add(outcome, of: bans)
    }
}

extension BanEntry.End {
    /// Whether it comes after another. What isn't stated comes before all that is.
    fileprivate func isLater(than other: BanEntry.End) -> Bool {
        switch (self, other) {
        case (.unstated, _), (_, .forGood): false
        case (_, .unstated), (.forGood, .at): true
        case (.at(let own), .at(let other)): own > other
        }
    }
}

/// A format as an option's value.
struct ListFormatName: ExpressibleByArgument {
    let kind: BanListKind

    init?(argument: String) {
        guard let kind = BanListKind(rawValue: argument) else { return nil }
        self.kind = kind
    }

    static var allValueStrings: [String] { BanListKind.allCases.map(\.rawValue) }
}
