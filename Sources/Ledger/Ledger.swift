// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Dispatch
internal import Glibc
internal import Synchronization

/// The durable ledger of bans, strikes and history, written by a thread of its own, so that no disk however slow holds
/// up who enforces.
///
/// What comes while a write is on its way goes with the next one, as one commit. After a write has failed nothing is
/// written until all was written anew (``beginRestoring(then:)``): of a failed sync nobody knows what reached the disk.
public final class Ledger: Sendable {
    /// How the last write went.
    public enum Condition: Hashable, Sendable {
        case healthy
        /// Nothing is written until it was restored.
        case failed(LedgerError)
    }

    private enum Job {
        case write(LedgerBatch, then: @Sendable (Bool) -> Void)
        case other(@Sendable (Worker) -> Void)
    }

    private let queue = DispatchQueue(label: "ledger", qos: .userInitiated)
    /// In the order of calls: a write never overtakes what was asked for before it.
    private let waiting = Mutex<[Job]>([])
    private let worker: Worker
    public let timeline: Timeline

    private init(_ worker: Worker, _ timeline: Timeline) {
        self.worker = worker
        self.timeline = timeline
    }

    /// Opens the ledger in a directory, or makes it, and tells `reader` what it holds.
    ///
    /// - Parameter whenChanged: told of each change of condition, on any thread.
    /// - Throws: ``LedgerError`` where there is a ledger that can't be opened, or none can be made.
    public static func open(
        directory: String, clock: LedgerClock, reader: inout some LedgerReader,
        whenChanged: @escaping @Sendable (Condition) -> Void
    ) throws(LedgerError) -> (ledger: Ledger, opening: LedgerOpening) {
        let lock = try LedgerLock(path: directory)
        let directory = LedgerDirectory(path: directory)
        let (file, generation, timeline, opening) = try directory.open(clock: clock, &reader)
        let worker = Worker(
            directory: directory, lock: lock, file: file, generation: generation, timeline: timeline,
            clock: clock,
            whenChanged: whenChanged)
        let ledger = Ledger(worker, timeline)
        // Says which boot this is and how late it was taken to be: opened again before anything else was written, it
        // would else look at the wall clock again, which may have been set.
        ledger.write(LedgerBatch()) { _ in }
        return (ledger, opening)
    }

    /// Whether a directory has a ledger; one that can't be looked into may have.
    public static func exists(in directory: String) -> Bool {
        guard access(directory, F_OK) == 0 else { return false }
        do {
            return try !LedgerDirectory(path: directory).generations().isEmpty
        } catch {
            return true
        }
    }

    // MARK: Writing

    /// Has a batch written. `then` is told whether it is on the disk, on the ledger's thread, in the order of calls.
    public func write(_ batch: LedgerBatch, then: @escaping @Sendable (Bool) -> Void) {
        add(.write(batch, then: then))
    }

    /// Has a lot written as one commit. `then` is told whether it is on the disk, on the ledger's thread, in the order of
    /// calls.
    public func write(_ bulk: LedgerBulk, then: @escaping @Sendable (Bool) -> Void) {
        add(
            .other { worker in
                then(worker.write(bulk))
                worker.trim()
            })
    }

    private func add(_ job: Job) {
        let isFirst = waiting.withLock { waiting in
            waiting.append(job)
            return waiting.count == 1
        }
        if isFirst { queue.async { self.drain() } }
    }

    private func drain() {
        let taken = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        var batches: [LedgerBatch] = []
        var told: [@Sendable (Bool) -> Void] = []
        func commit() {
            guard !batches.isEmpty else { return }
            let isDurable = worker.write(batches)
            for then in told { then(isDurable) }
            (batches, told) = ([], [])
        }
        for job in taken {
            switch job {
            case .write(let batch, let then):
                batches.append(batch)
                told.append(then)
            case .other(let body):
                commit()
                body(worker)
            }
        }
        commit()
    }

    /// Forgets strikes whose time has come, and history from before a time of the wall clock or beyond a number.
    public func sweep(oldest: Int64, most: Int64) {
        add(.other { worker in worker.sweep(oldest: oldest, most: most) })
    }

    /// The history from before a number, latest first. `then` is told on the ledger's thread.
    public func events(
        before number: Int64, limit: Int,
        then: @escaping @Sendable (Result<[(number: Int64, event: LedgerEvent)], LedgerError>) -> Void
    ) {
        add(.other { worker in then(worker.events(before: number, limit: limit)) })
    }

    /// Waits until everything is written that was asked for, and puts the log's content into the file. Not to be called
    /// by what the ledger itself calls.
    public func close() {
        queue.sync {
            drain()
            worker.close()
        }
    }

    // MARK: Restoring

    /// Begins to write everything anew, after a failure. Then come ``restore(_:then:)`` with all that there is, and
    /// ``finishRestoring(next:then:)``. What is written in between takes part.
    ///
    /// - Parameter then: told whether it could be begun, on the ledger's thread.
    public func beginRestoring(then: @escaping @Sendable (Bool) -> Void) {
        add(.other { worker in then(worker.beginRestoring()) })
    }

    /// A part of what there is.
    public func restore(_ batch: LedgerBatch, then: @escaping @Sendable (Bool) -> Void) {
        add(.other { worker in then(worker.restore(batch)) })
    }

    /// Everything was told.
    ///
    /// - Parameters:
    ///   - next: the least id that no ban has had.
    ///   - then: told whether everything is on the disk.
    public func finishRestoring(next: Int64, then: @escaping @Sendable (Bool) -> Void) {
        add(.other { worker in then(worker.finishRestoring(next: next)) })
    }
}
