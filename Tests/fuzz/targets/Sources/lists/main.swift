// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import BanLists
internal import FuzzDriver

// Lists of bans: every format reads any bytes, what it says of them is plain, and what is written of what was read can be
// read again, with as many bans.

let present = ListTime(milliseconds: 1_795_836_037_000)

func check(_ error: BanListError) {
    requirePlain(error.problem)
    requirePlain(error.remedy)
}

fuzz { input in
    let bytes = [UInt8](input)
    do throws(BanListError) {
        _ = try BanListKind(recognising: bytes.span)
    } catch {
        check(error)
    }
    for kind in BanListKind.allCases {
        guard let format = kind.format else { continue }
        let reading: BanListReading
        do throws(BanListError) {
            reading = try format.read(bytes.span, now: present)
        } catch {
            check(error)
            continue
        }
        require(reading.lines.count == reading.entries.count, "\(kind): a line for each entry")
        for refusal in reading.refusals {
            requirePlain(refusal.problem)
            requirePlain(refusal.item)
            requirePlain(refusal.remedy)
        }
        for other in BanListKind.allCases {
            guard let format = other.format else { continue }
            let writing = format.write(reading.entries, now: present)
            let again = try? format.read(writing.text.span, now: present)
            require(again != nil && again?.refusals.isEmpty == true, "\(other) reads what it has written")
            // Plain lists are merged when they are read, monerod's have some blocks in several parts.
            guard let again, ![.plain, .monero, .moneroRPC].contains(other) else { continue }
            require(
                again.entries.count == writing.count,
                "\(other): of \(writing.count) bans \(again.entries.count) come back")
        }
    }
}
