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
                return false
            }
        case .restoring(let file, _, _, _):
            do {
                for batch in batches { try file.replace(with: batch) }
            } catch {
                abandon(error)
            }
            return false
        case .failed, .closed: return false
        }
    }

    private func fail(_ error: LedgerError) {
        if case .healthy(let file) = state { file.close() }
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
            state = .healthy(file)
            whenChanged(.healthy)
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
            state = .healthy(file)
            whenChanged(.healthy)
            return true
        } catch {
            return false
        }
    }

    private func abandon(_ error: LedgerError) {
        guard case .restoring(let file, let before, let target, _) = state else { return }
        file.close()
        state = .failed(Self.graver(before, error))
        if target != generation { directory.removeDraft(target) }
    }

    /// Which of two errors decides how it is tried again: one that leaves the file as it was only where both do.
    private static func graver(_ before: LedgerError, _ error: LedgerError) -> LedgerError {
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

    func events(from number: Int64, limit: Int) -> Result<[(number: Int64, event: LedgerEvent)], LedgerError>
    {
        switch state {
        case .healthy(let file):
            do {
                return .success(try file.events(from: number, limit: limit))
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
