// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What the ledger's thread holds. Only that thread touches it.
final class Worker: @unchecked Sendable {
    private enum State {
        case healthy(LedgerFile)
        case failed(LedgerError)
        /// Being written anew: in place, or as the next generation.
        case restoring(LedgerFile, after: LedgerError, generation: Int)
        case closed
    }

    private let directory: LedgerDirectory
    private let clock: LedgerClock
    private let timeline: Timeline
    private let whenChanged: @Sendable (Ledger.Condition) -> Void
    private var generation: Int
    private var state: State

    init(
        directory: LedgerDirectory, file: LedgerFile, generation: Int, timeline: Timeline, clock: LedgerClock,
        whenChanged: @escaping @Sendable (Ledger.Condition) -> Void
    ) {
        self.directory = directory
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
        case .restoring(let file, let before, _):
            do {
                for batch in batches { try file.replace(with: batch) }
            } catch {
                abandon(before)
            }
            return false
        case .failed, .closed: return false
        }
    }

    private func fail(_ error: LedgerError) {
        state = .failed(error)
        whenChanged(.failed(error))
    }

    // MARK: Restoring

    func beginRestoring() -> Bool {
        guard case .failed(let error) = state else { return false }
        do {
            if error.code == .full {
                // What is there is whole, and has a place on the disk already.
                let file = try LedgerFile(path: directory.file(generation))
                try file.beginReplacing()
                state = .restoring(file, after: error, generation: generation)
            } else {
                let next = generation + 1
                directory.removeDraft(next)
                let file = try LedgerFile(path: directory.draft(next))
                // Bans and strikes are replaced by what is in memory; history is only there.
                _ = try Salvage(file: directory.file(generation), into: file)
                try file.beginReplacing()
                state = .restoring(file, after: error, generation: next)
            }
            return true
        } catch {
            // The reason for the failure decides how it is tried again; its text is the latest.
            return false
        }
    }

    func restore(_ batch: LedgerBatch) -> Bool {
        guard case .restoring(let file, let before, _) = state else { return false }
        do {
            try file.replace(with: batch)
            return true
        } catch {
            abandon(before)
            return false
        }
    }

    func finishRestoring(next: Int64) -> Bool {
        guard case .restoring(let file, let before, let target) = state else { return false }
        do {
            try file.finishReplacing(mark: mark, next: next)
            guard target != generation else {
                state = .healthy(file)
                whenChanged(.healthy)
                return true
            }
            try file.checkpoint()
            state = .failed(before)
        } catch {
            abandon(before)
            return false
        }
        // The draft is closed by now, its log gone.
        return takeOver(target, after: before)
    }

    private func takeOver(_ target: Int, after before: LedgerError) -> Bool {
        do {
            try directory.publish(target)
            let file = try LedgerFile(path: directory.file(target))
            if before.code == .damaged {
                _ = directory.setAside(generation)
            } else {
                directory.remove(generation)
            }
            generation = target
            state = .healthy(file)
            whenChanged(.healthy)
            return true
        } catch {
            return false
        }
    }

    private func abandon(_ before: LedgerError) {
        if case .restoring(_, _, let target) = state, target != generation {
            state = .failed(before)
            directory.removeDraft(target)
        } else {
            state = .failed(before)
        }
    }

    // MARK: Others

    func sweep(oldest: Int64, most: Int64) {
        guard case .healthy(let file) = state else { return }
        do {
            try file.sweep(time: timeline.time(clock.monotonic()), oldest: oldest, most: most)
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
                return .failure(error)
            }
        case .failed(let error), .restoring(_, let error, _): return .failure(error)
        case .closed: return .failure(LedgerError(.inUse, "the ledger is closed"))
        }
    }

    func close() {
        if case .healthy(let file) = state { try? file.checkpoint() }
        state = .closed
    }
}
