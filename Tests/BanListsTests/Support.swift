// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import BanLists
import Inet

/// 2026-11-28T03:20:37Z
let now = ListTime(milliseconds: 1_795_836_037_000)

/// So many seconds from now.
func seconds(_ count: Int64) -> ListTime { now.advanced(by: count * 1000) }

func read(_ format: any BanListFormat.Type, _ text: String) throws -> BanListReading {
    try format.read(Array(text.utf8).span, now: now)
}

/// What is banned by a list, and until when.
func subjects(_ reading: BanListReading) -> [String] {
    reading.entries.map { entry in
        switch entry.end {
        case .unstated: "\(entry.subject)"
        case .forGood: "\(entry.subject) for good"
        case .at(let end): "\(entry.subject) for \(now.distance(to: end)) ms"
        }
    }
}

func problems(_ reading: BanListReading) -> [String] {
    reading.refusals.map { "\($0.line): \($0.problem): \($0.item)" }
}

func text(_ writing: BanListWriting) -> String { String(decoding: writing.text, as: UTF8.self) }

func entry(
    _ subject: String, _ end: BanEntry.End = .unstated, created: ListTime? = nil, reason: String? = nil,
    origin: String? = nil
) -> BanEntry {
    let notes = reason == nil && origin == nil ? nil : BanEntry.Notes(reason: reason, origin: origin)
    let subject =
        IPNetwork(subject).map { BanEntry.Subject($0) } ?? Endpoint(subject).map { .endpoint($0) }
    return BanEntry(subject ?? .address(.v4(IPv4Address(bits: 0))), created: created, end: end, notes: notes)
}
