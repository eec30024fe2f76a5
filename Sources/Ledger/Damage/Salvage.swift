// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Takes what is whole out of a damaged ledger: every row that is what was written, wherever it lies.
struct Salvage {
    private(set) var bans = 0
    private(set) var offences = 0
    private(set) var events = 0
    /// The last state that was found.
    private(set) var state: LedgerState?
    private var latest: Int64 = 0
    private var latestWall: Int64 = 0

    /// Reads the pages of a file and its log, and writes their rows into another ledger.
    ///
    /// Of a page with several images the newest that is whole counts. Where newer ones are damaged, what can be read
    /// of them counts before it, row by row.
    init(file path: String, into target: LedgerFile) throws(LedgerError) {
        let logFile = StoredFile(path: path + "-wal")
        let log = logFile.map { LogReader($0) }
        let file = StoredFile(path: path)
        let pagesInFile = (file?.size ?? 0) / PageReader.pageSize
        // A damaged frame may name any page.
        let beyond = (log?.images.keys ?? [:].keys).map { Int($0) - 1 }.filter { $0 >= pagesInFile }.sorted()
        try target.beginReplacing()
        for number in Array(0..<pagesInFile) + beyond {
            var images = log?.images[UInt32(truncatingIfNeeded: number + 1)] ?? []
            let firstNeeded = images.lastIndex { $0.isWhole }
            if let firstNeeded { images.removeFirst(firstNeeded) }
            if firstNeeded == nil, number >= 0,
                let page = file?.read(PageReader.pageSize, at: number * PageReader.pageSize)
            {
                try take(page, isFirst: number == 0, target)
            }
            for image in images {
                guard let page = logFile?.read(PageReader.pageSize, at: image.offset) else { continue }
                try take(page, isFirst: number == 0, target)
            }
        }
        let mark =
            state?.mark ?? Timeline.Mark(boot: "", shift: 0, written: latest, wall: latestWall)
        try target.finishReplacing(mark: mark, next: state?.next ?? 1)
        bans = Int(target.state.bans)
    }

    private mutating func take(_ page: [UInt8], isFirst: Bool, _ target: LedgerFile) throws(LedgerError) {
        for (table, row) in PageReader.rows(of: page, isFirst: isFirst) {
            switch table {
            case .state:
                guard let found = LedgerState(row), found.mark.written >= state?.mark.written ?? .min else {
                    continue
                }
                state = found
            case .bans:
                guard let ban = LedgerBan(row) else { continue }
                latest = max(latest, ban.since)
                latestWall = max(latestWall, ban.created)
                try target.copy(row, into: table)
            case .offences:
                guard let offence = LedgerOffence(row) else { continue }
                latest = max(latest, offence.last)
                offences += 1
                try target.copy(row, into: table)
            default:
                guard let event = LedgerEvent(row) else { continue }
                latestWall = max(latestWall, event.time)
                events += 1
                try target.copy(row, into: table)
            }
        }
    }
}
