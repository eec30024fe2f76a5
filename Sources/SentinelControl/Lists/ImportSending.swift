// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import BanLists
internal import SentinelProtocol
internal import Varlink

/// Has the helper ban what was read, as one: it is named in calls of some thousand subjects, and banned with the last.
struct ImportSending {
    let helper: HelperAddress
    /// The present, which lengths of time are counted from, call by call.
    let now: @Sendable () -> Timestamp

    /// How many subjects a call names, and in how many bytes at most, without what surrounds them.
    private static var callSize: Int { 10_000 }
    private static var callBytes: Int { 600_000 }
    private static var longestSubject: Int { 50 }
    /// How many calls wait for their replies at most.
    private static var mostUnderWay: Int { 4 }

    /// What became of all of it.
    struct Outcome {
        /// With the places of what was refused among all bans.
        var refused: [ImportRefusal] = []
        var result = ImportResult(bans: 0, pending: 0, durable: true)
    }

    private typealias Answer = @Sendable () async throws -> HelperInterface.Import.Reply

    /// - Parameter named: told how many of the bans are named by then.
    /// - Throws: `VarlinkError`. Nothing is banned then, unless the connection was lost behind the last call.
    func send(_ bans: [ImportedBan], named: (Int) -> Void) async throws -> Outcome {
        guard !bans.isEmpty else { return Outcome() }
        let client = try await helper.connect()
        var (rest, outcome) = (bans[...], Outcome())
        var underWay: [Answer] = []
        while !rest.isEmpty || !underWay.isEmpty {
            while !rest.isEmpty, underWay.count < Self.mostUnderWay {
                let parts = take(from: &rest)
                underWay.append(
                    try client.begin(
                        HelperInterface.importBans, .init(parts: parts, last: rest.isEmpty),
                        timeout: rest.isEmpty ? nil : HelperAddress.patience))
                named(bans.count - rest.count)
            }
            let reply = try await underWay.removeFirst()()
            outcome.refused += reply.refused
            if let result = reply.result { outcome.result = result }
        }
        return outcome
    }

    /// The parts of the next call: bans in a row that have the same words are one.
    private func take(from rest: inout ArraySlice<ImportedBan>) -> [ImportPart] {
        let now = now()
        var parts: [ImportPart] = []
        var (count, bytes) = (0, 0)
        var last: ImportedBan?
        for ban in rest.prefix(Self.callSize) {
            guard bytes < Self.callBytes else { break }
            count += 1
            bytes += Self.longestSubject
            if let last, last.hasWords(of: ban) {
                parts[parts.count - 1].subjects += " "
                parts[parts.count - 1].subjects += ban.entry.subject.text(for: ban.check)
                continue
            }
            let part = ban.part(now: now)
            if parts.last?.hasWords(of: part) == true {
                parts[parts.count - 1].subjects += " " + part.subjects
            } else {
                bytes += part.bytes
                parts.append(part)
            }
            last = ban
        }
        rest.removeFirst(count)
        return parts
    }
}

extension ImportPart {
    /// Whether all but the subjects is the same.
    fileprivate func hasWords(of other: ImportPart) -> Bool {
        check == other.check && duration == other.duration && reason == other.reason && peer == other.peer
            && detail == other.detail
    }

    /// About how much a call grows by its words.
    fileprivate var bytes: Int {
        120 + [peer, reason, detail].reduce(0) { $0 + 2 * ($1?.utf8.count ?? 0) }
    }
}
