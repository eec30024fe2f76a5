// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import BanLists
internal import SentinelProtocol

/// What became of an import, as it is told: every entry of the list is in one of the numbers.
struct ImportSummary: Encodable, Hashable, Sendable {
    struct Refused: Encodable, Hashable, Sendable {
        /// Counted from 1; a row of a database.
        var line: Int
        var item: String
        /// The kind of problem, in words, or the helper's code for it.
        var problem: String
        /// What and why, and what to do about it.
        var message: String
    }

    var file: String
    var format: String
    var dryRun: Bool
    /// How many bans the helper took, or would be asked for.
    var taken = 0
    /// How many of those were banned before: to an earlier end, where the list states one.
    var renewed = 0
    /// How many say the same as another of the list, or are part of it.
    var mergedInList = 0
    /// How many are banned already, until then at least.
    var alreadyBanned = 0
    /// How many lie in a block that is banned until then at least.
    var withinBlock = 0
    /// How many had ended.
    var ended = 0
    var comments = 0
    /// How many of the taken wait for the kernel.
    var pending = 0
    /// Whether all that was taken outlives a reboot.
    var durable = true
    var refused: [Refused] = []
    /// How many were refused beyond those: the helper lists no more.
    var refusedMore = 0

    private enum CodingKeys: String, CodingKey {
        case file, format, taken, renewed, ended, comments, pending, durable, refused
        case dryRun = "dry_run"
        case mergedInList = "merged_in_list"
        case alreadyBanned = "already_banned"
        case withinBlock = "within_block"
        case refusedMore = "refused_more"
    }

    mutating func refuse(_ refusal: BanListReading.Refusal, line: Int? = nil) {
        refused.append(
            Refused(
                line: line ?? refusal.line, item: refusal.item, problem: refusal.problem,
                message: refusal.remedy))
    }

    /// Takes over what became of bans.
    mutating func add(_ outcome: ImportSending.Outcome, of bans: [ImportedBan]) {
        taken += outcome.result.bans
        pending += outcome.result.pending
        durable = durable && outcome.result.durable
        refusedMore += outcome.result.unlisted
        for one in outcome.refused {
            let guardName = one.refusal.guardName.map { " by \($0)" } ?? ""
            refused.append(
                Refused(
                    line: bans.indices.contains(one.index) ? bans[one.index].line : 0, item: one.subject,
                    problem: "\(one.refusal.code)\(guardName)", message: one.refusal.message))
        }
    }
}

extension ImportSummary {
    /// As text, for the standard output.
    func lines(_ console: Console) -> [Line] {
        var fields = FieldList()
        fields.add("list", "\(file), \(format)", .title)
        let again = renewed > 0 ? ", \(Quantity.number(renewed)) of them banned before, and renewed" : ""
        fields.add(
            dryRun ? "would ban" : "banned", Quantity.number(taken) + again, taken > 0 ? .good : .plain)
        if pending > 0 { fields.add("pending", "\(Quantity.number(pending)) wait for the kernel", .warning) }
        let merged = [
            (mergedInList, "part of others in the list"), (alreadyBanned, "banned already"),
            (withinBlock, "within a banned block"),
        ].filter { $0.0 > 0 }.map { "\(Quantity.number($0.0)) \($0.1)" }
        if !merged.isEmpty { fields.add("merged", merged.joined(separator: ", ")) }
        if ended > 0 { fields.add("ended", "\(Quantity.number(ended)) had ended, and are not banned") }
        if comments > 0 { fields.add("comments", Quantity.count(comments, "line")) }
        if !refused.isEmpty { fields.add("refused", Quantity.number(refused.count + refusedMore), .bad) }
        var lines = fields.lines(width: console.width)
        if taken > 0, !durable { lines.append(Line(Span("Not durable: a reboot ends such a ban.", .faint))) }
        return lines
    }

    /// What was refused, a complaint for each kind of problem with its first as an example.
    var complaints: [String] {
        var groups: [(problem: String, first: Refused, count: Int)] = []
        var known: [String: Int] = [:]
        for one in refused {
            if let group = known[one.problem] {
                groups[group].count += 1
            } else {
                known[one.problem] = groups.count
                groups.append((one.problem, one, 1))
            }
        }
        return groups.map { problem, first, count in
            let others =
                count > 1 ? "\(Quantity.number(count)) refused, \(problem); the first" : "refused, \(problem)"
            return "\(others): \(file) line \(first.line), \(first.item); \(first.message)"
        }
    }
}
