// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// Takes what is whole out of a damaged ledger: every row that is what was written, wherever it lies.
struct Salvage {
    private(set) var bans = 0
    private(set) var offences = 0
    private(set) var events = 0
    /// The last state that was found.
    private(set) var state: LedgerState?
    /// Whether all of the file and its log could be read, and the log is what was written.
    private(set) var isComplete = true
    /// The latest time in the rows, and the least that the wall clock can have shown then.
    private var latest: Int64 = 0
    private var latestWall: Int64 = 0

    /// Reads the pages of a file and its log, and writes their rows into another ledger.
    ///
    /// Of a page with several images the newest that is whole counts. Where newer ones are damaged, what can be read
    /// of them counts as well, row by row.
    ///
    /// This closes descriptors of the file, which would end the locks of a connection: this process has none to it.
    init(file path: String, into target: LedgerFile) throws(LedgerError) {
        let logFile = StoredFile(path: path + "-wal")
        let log = logFile.map { LogReader($0) }
        let file = StoredFile(path: path)
        isComplete = file != nil && log?.isDamaged != true
        let pagesInFile = (file?.size ?? 0) / PageReader.pageSize
        // A damaged frame may name any page.
        let beyond = (log?.images.keys ?? [:].keys).map { Int($0) - 1 }.filter { $0 < 0 || $0 >= pagesInFile }
            .sorted()
        try target.beginReplacing()
        for number in Array(0..<pagesInFile) + beyond {
            var images = log?.images[UInt32(truncatingIfNeeded: number + 1)] ?? []
            if let firstNeeded = images.lastIndex(where: \.isWhole) { images.removeFirst(firstNeeded) }
            // A log may have got into the file before it was damaged.
            if images.count != 1 || images.first?.isWhole == false, (0..<pagesInFile).contains(number) {
                try take(file, number * PageReader.pageSize, isFirst: number == 0, target)
            }
            for image in images { try take(logFile, image.offset, isFirst: number == 0, target) }
        }
        try target.finishReplacing(mark: mark, next: next, number: state?.number ?? Self.leap)
        bans = Int(target.state.bans)
        offences = Int(target.state.offences)
    }

    /// Time goes on behind everything that was found: the state may be an older one than the rows.
    private var mark: Timeline.Mark {
        guard var mark = state?.mark else {
            return Timeline.Mark(boot: "", shift: 0, written: latest, wall: latestWall)
        }
        let (behind, overflow) = latest.subtractingReportingOverflow(mark.written)
        if behind > 0, !overflow {
            mark.written = latest
            mark.wall = mark.wall.addingReportingOverflow(behind).partialValue
        }
        return mark
    }

    /// Without a state nobody knows which ids there were that have left no trace.
    private var next: Int64 { state?.next ?? Self.leap }
    private static let leap: Int64 = 1_000_000_000

    private mutating func take(
        _ file: StoredFile?, _ offset: Int, isFirst: Bool, _ target: LedgerFile
    ) throws(LedgerError) {
        let page = file?.read(PageReader.pageSize, at: offset) ?? []
        guard page.count == PageReader.pageSize else {
            isComplete = false
            return
        }
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
                latestWall = max(latestWall, ban.created, ban.renewed ?? .min)
                try target.rescue(row, into: table)
            case .offences:
                guard let offence = LedgerOffence(row) else { continue }
                latest = max(latest, offence.last)
                try target.rescue(row, into: table)
            default:
                guard let event = LedgerEvent(row) else { continue }
                latestWall = max(latestWall, event.time)
                events += 1
                try target.rescue(row, into: table)
                target.knows(id: event.ban.id)
            }
        }
    }
}

extension LedgerBan {
    /// When it was granted or last renewed, by the wall clock; nil where that can't be told.
    fileprivate var renewed: Int64? {
        guard let until, let granted else { return nil }
        let (renewed, overflow) = until.subtractingReportingOverflow(granted)
        return overflow ? nil : renewed
    }
}
