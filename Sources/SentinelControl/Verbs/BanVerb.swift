// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelConfiguration
internal import SentinelProtocol
internal import Varlink

struct BanVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "ban",
        abstract: "Have the kernel refuse addresses, blocks or endpoints from now on.",
        discussion: """
            The check goes by the subject's form: an address is refused at accept, a block (CIDR) as a network, \
            tcp:… and udp:… at dial. A multiaddr means its address; with --dial, its endpoint.

            A ban lasts as the configuration says for its check and reason, longer for a repeat offender, or as \
            --for says. A ban that is already there is renewed, and the later end holds, unless --exact.

            What a guard protects is refused, and the answer says by which: an address of this host, one that is \
            exempt, or one where a node has a peer that it protects. The node closes what it has open to whom you ban.

            Where the check is in shadow (see "sentinelctl shadow"), operators' bans as well are only counted: the answer             says so, and nobody is refused.

            EXAMPLES:
              sentinelctl ban 203.0.113.7 2001:db8::7 --for 1h30m
              sentinelctl ban 203.0.113.0/24 --for-good --detail "ticket 4711"
              sentinelctl ban tcp:203.0.113.7:8776 --peer 12D3KooWQjKv…
              sentinelctl ban /ip4/203.0.113.7/udp/4001/quic-v1 --dial
              sentinelctl ban 203.0.113.7 --for 10m --exact    shorten a longer ban
            """)

    @Argument(help: ArgumentHelp("Whom to refuse.", valueName: "subject"))
    var subjects: [String]

    @Option(help: "Where a denial takes effect (default: by the subject's form).")
    var check: CheckName?

    @Flag(help: "The same as --check dial.")
    var dial = false

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long: 90s, 1h30m, 7d, 2w.", valueName: "duration"), transform: duration)
    var length: Milliseconds?

    @Flag(help: "Until it is lifted.")
    var forGood = false

    @Flag(help: "End just then, even if the ban there is would have ended later.")
    var exact = false

    @Option(
        help: ArgumentHelp(
            "A short code, [a-z0-9-]: it selects the duration (default: operator).", valueName: "code"))
    var reason: String?

    @Option(help: ArgumentHelp("The peer's id, where it is known.", valueName: "id"))
    var peer: String?

    @Option(help: ArgumentHelp("The evidence in a few words.", valueName: "text"))
    var detail: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if forGood, length != nil {
            throw ValidationError("--for and --for-good exclude each other; choose one")
        }
        if dial, let check, check != .dial {
            throw ValidationError("--dial and --check \(check.rawValue) exclude each other; choose one")
        }
        _ = try requests()
    }

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        let client = try await helper.connect()
        var receipts: [Receipt] = []
        var rest = try requests()[...]
        while !rest.isEmpty {
            receipts += try await client.ban(rest.prefix(BanBatch.size))
            rest = rest.dropFirst(BanBatch.size)
        }
        if common.json {
            try console.write(JSONText.document(HelperInterface.BanMethod.Reply(receipts: receipts)))
        } else {
            try console.print(ReceiptText(console).lines(receipts))
        }
        for receipt in receipts {
            guard let refusal = receipt.refusal else { continue }
            let what = receipt.id == nil ? "is not banned" : "is not blocked yet"
            console.complain("\(receipt.subject) \(what), \(refusal.code): \(refusal.message)")
        }
        let shadowed = try zip(requests(), receipts).filter { $1.shadowed == true }.map(\.0.check.rawValue)
        if let notice = ShadowNotice(Swift.Set(shadowed).sorted()) {
            let bans = Quantity.count(shadowed.count, "ban refuses", "bans refuse")
            console.complain(notice.complaint(bans))
        }
        return receipts.contains { $0.refusal != nil } ? .refused : .done
    }

    private func requests() throws -> [BanRequest] {
        let given = check?.check ?? (dial ? .dial : nil)
        return try subjects.map { subject in
            let check: Check
            do {
                check = try given ?? Subject(text: subject).inferredCheck()
            } catch {
                throw ValidationError("\(error)")
            }
            return BanRequest(
                check: check, subject: subject, peer: peer, reason: reason, detail: detail,
                duration: forGood ? Milliseconds(rawValue: 0) : length, exact: exact ? true : nil)
        }
    }
}

/// Reads a duration as configurations write it.
func duration(_ text: String) throws -> Milliseconds {
    do {
        let length = Milliseconds(try DurationText(parsing: text).duration)
        guard length.rawValue > 0 else {
            throw ValidationError("no time at all is no ban; for one without an end write --for-good")
        }
        return length
    } catch let error as ConfigurationFault {
        throw ValidationError("\(error.fault); \(error.remedy)")
    }
}
