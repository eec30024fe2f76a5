// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What the ledger's thread holds. Only that thread touches it.
final class Worker: @unchecked Sendable {
    private enum State {
        case healthy(LedgerFile)
        case failed(LedgerError)
        /// Being written anew: in place, or as the next generation.
        case restoring(LedgerFile, after: LedgerError, generation: Int, isOldWhole: Bool)
        case closed
    }

    private let directory: LedgerDirectory
    private var lock: LedgerLock?
    private let clock: LedgerClock
    private let timeline: Timeline
    private let whenChanged: @Sendable (Ledger.Condition) -> Void
    private var generation: Int
    private var state: State
    /// What happened since the last write that succeeded: memory has the bans, but nobody else has their history.
    private var missed = MissedEvents()

    init(
        directory: LedgerDirectory, lock: LedgerLock, file: LedgerFile, generation: Int, timeline: Timeline,
        clock: LedgerClock, whenChanged: @escaping @Sendable (Ledger.Condition) -> Void
    ) {
        self.directory = directory
        self.lock = lock
        self.clock = clock
        self.timeline = timeline
        self.whenChanged = whenChanged
        self.generation = generation
        state = .healthy(file)
    }

    private var mark: Timeline.Mark {
        timeline.mark(monotonic: clock.monotonic(), wall: clock.wall())
    }

    /// - Returns: whether all of it is on the disk.
    func write(_ batches: [LedgerBatch]) -> Bool {
        switch state {
        case .healthy(let file):
            do {
                try file.write(batches, mark: mark)
                return true
            } catch {
                fail(error)
                missed.append(batches)
                return false
            }
        case .restoring(let file, _, _, _):
            missed.append(batches)
            do {
                for batch in batches { try file.replace(with: batch) }
            } catch {
                abandon(error)
            }
            return false
        case .failed:
            missed.append(batches)
            return false
        case .closed: return false
        }
    }

    /// - Returns: whether all of it is on the disk. ``trim()`` is left to the caller.
    func write(_ bulk: LedgerBulk) -> Bool {
        switch state {
        case .healthy(let file):
            do {
                return try file.write(bulk, mark: mark)
            } catch {
                fail(error)
                if bulk.isWanted() { bulk.forEachPart { missed.append([$0]) } }
            }
        case .restoring(let file, _, _, _):
            guard bulk.isWanted() else { return false }
            bulk.forEachPart { missed.append([$0]) }
            do {
                try bulk.forEachPart { (batch) throws(LedgerError) in try file.replace(with: batch) }
            } catch {
                abandon(error)
            }
        case .failed: if bulk.isWanted() { bulk.forEachPart { missed.append([$0]) } }
        case .closed: break
        }
        return false
    }

    /// Empties a log that has grown long.
    func trim() {
        guard case .healthy(let file) = state else { return }
        do {
            try file.trim()
        } catch {
            fail(error)
        }
    }

    private func fail(_ error: LedgerError) {
        if case .healthy(let file) = state {
            missed.begin(at: file.state.number)
            file.close()
        }
        state = .failed(error)
        whenChanged(.failed(error))
    }

    // MARK: Restoring

    func beginRestoring() -> Bool {
        guard case .failed(let before) = state else { return false }
        do {
            state = try before.code == .full ? restoringInPlace(before) : restoringAnew(before)
            return true
        } catch {
            state = .failed(Self.graver(before, error))
            return false
        }
    }

    /// After the disk was full: what is there is whole, and has its place on the disk already.
    private func restoringInPlace(_ before: LedgerError) throws(LedgerError) -> State {
        let file = try LedgerFile(path: directory.file(generation))
        // What lies in the log twice is space to be had.
        try file.checkpoint()
        try file.beginReplacing()
        try file.put(missed)
        return .restoring(file, after: before, generation: generation, isOldWhole: true)
    }

    /// After all else: nothing is known of the file, so there is to be another.
    private func restoringAnew(_ before: LedgerError) throws(LedgerError) -> State {
        let next = generation + 1
        directory.removeDraft(next)
        let file = try LedgerFile(path: directory.draft(next), isNew: true)
        // Bans and strikes are replaced by what is in memory; history is only there. This process has the old file open
        // no more: it was let go when it failed.
        let found = try Salvage(file: directory.file(generation), into: file)
        try file.beginReplacing()
        try file.put(missed)
        let isOldWhole = found.isComplete && before.code != .damaged
        return .restoring(file, after: before, generation: next, isOldWhole: isOldWhole)
    }

    func restore(_ batch: LedgerBatch) -> Bool {
        guard case .restoring(let file, _, _, _) = state else { return false }
        do {
            try file.replace(with: batch)
            return true
        } catch {
            abandon(error)
            return false
        }
    }

    func finishRestoring(next: Int64) -> Bool {
        guard case .restoring(let file, let before, let target, let isOldWhole) = state else { return false }
        do {
            try file.finishReplacing(mark: mark, next: next)
            if target != generation { try file.checkpoint() }
        } catch {
            abandon(error)
            return false
        }
        guard target != generation else {
            recover(file)
            return true
        }
        file.close()
        state = .failed(before)
        return takeOver(target, isOldWhole: isOldWhole)
    }

    private func takeOver(_ target: Int, isOldWhole: Bool) -> Bool {
        do {
            if !isOldWhole { _ = directory.setAside(generation) }
            try directory.publish(target)
            let file = try LedgerFile(path: directory.file(target))
            if isOldWhole { directory.remove(generation) } else { directory.retire(generation) }
            generation = target
            recover(file)
            return true
        } catch {
            return false
        }
    }

    private func recover(_ file: LedgerFile) {
        state = .healthy(file)
        missed = MissedEvents()
        whenChanged(.healthy)
    }

    private func abandon(_ error: LedgerError) {
        guard case .restoring(let file, let before, let target, _) = state else { return }
        file.close()
        state = .failed(Self.graver(before, error))
        if target != generation { directory.removeDraft(target) }
    }

    /// Which of two errors decides how it is tried again: one that leaves the file as it was only where both do.
    static func graver(_ before: LedgerError, _ error: LedgerError) -> LedgerError {
        if before.code == .damaged { return before }
        return error.code == .full ? before : error
    }

    // MARK: Others

    func sweep(oldest: Int64, most: Int64) {
        guard case .healthy(let file) = state else { return }
        do {
            try file.sweep(mark: mark, oldest: oldest, most: most)
        } catch {
            fail(error)
        }
    }

    func events(before number: Int64, limit: Int) -> Result<
        [(number: Int64, event: LedgerEvent)], LedgerError
    > {
        switch state {
        case .healthy(let file):
            do {
                return .success(try file.events(before: number, limit: limit))
            } catch {
                // It isn't looked at before somebody asks. What is whole of it goes into the next generation.
                fail(error)
                return .failure(error)
            }
        case .failed(let error), .restoring(_, let error, _, _): return .failure(error)
        case .closed: return .failure(LedgerError(.inUse, "the ledger is closed"))
        }
    }

    func close() {
        if case .healthy(let file) = state { try? file.checkpoint() }
        state = .closed
        lock = nil
    }
}

/// Events that couldn't be written, the latest ones, with the numbers that they were to have: what was written although
/// its sync failed is then the same again.
struct MissedEvents {
    private(set) var events: [LedgerEvent] = []
    /// That of the first.
    private(set) var number: Int64 = 1

    mutating func begin(at number: Int64) { (self.number, events) = (number, []) }

    mutating func append(_ batches: [LedgerBatch]) {
        for batch in batches { events += batch.events }
        guard events.count > Self.most else { return }
        let surplus = events.count - Self.most * 3 / 4
        events.removeFirst(surplus)
        number += Int64(surplus)
    }

    /// Some megabytes.
    static let most = 20_000
}
