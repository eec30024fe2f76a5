// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Feeds
internal import SentinelConfiguration

/// A feed's file: what was seen and read of it, and what it lists is to be in force.
struct FeedFile: Sendable {
    let settings: Configuration.Feed
    /// At the last look; nil: there was no file.
    private(set) var seen: FileStamp?
    /// Which file was read last, or couldn't be.
    private(set) var tried: FileStamp?
    /// When it is tried once more, whether it has changed or not; in milliseconds of the wall clock.
    private var retry: Int64?
    /// What the last file lists that could be taken.
    private(set) var reading: FeedReading?
    /// When that was read, and when the file had been put there; in milliseconds since 1970-01-01T00:00Z.
    private(set) var read: Int64?
    private(set) var refreshed: Int64?
    /// Whether the file is older than it may become.
    private(set) var isOld = false
    /// Why the file can't be looked at, with the remedy.
    private var absence: String?
    /// Why what it lists can't be taken, with the remedy.
    private var fault: String?

    init(_ settings: Configuration.Feed) { self.settings = settings }

    /// What of it is to be in force; nil where nothing is, or it isn't known yet.
    var list: AddressList? { isOld ? nil : reading?.list }

    /// Whether it isn't known what it lists: it was never read, and the file isn't said to be too old.
    var isUnknown: Bool { reading == nil && !isOld }

    /// What needs the operator's eye, with the remedy.
    var problem: String? {
        guard isOld, let age = settings.maxAge else {
            return (absence ?? fault).map { $0 + (reading == nil ? "" : kept) }
        }
        return
            "\(settings.path): wasn't refreshed for \(DurationText(age)), so nothing that it lists is refused any "
            + "more; see to what fetches it, or raise max_age of the [[feed]]"
    }

    private var kept: String { ". What it listed before stays in force" }

    /// Reads a file.
    typealias Reading =
        @Sendable (Configuration.Feed) throws(ConfigurationError) -> (reading: FeedReading, stamp: FileStamp)

    /// Looks at the file, and reads it where it is another than before and isn't being written.
    ///
    /// - Parameter now: in milliseconds since 1970-01-01T00:00Z.
    /// - Returns: whether another list is to be in force.
    mutating func look(now: Int64, _ read: Reading) -> Bool {
        let before = list
        lookAtFile(now, read)
        isOld =
            settings.maxAge.map { age in
                refreshed.map { now - $0 > age.milliseconds } ?? false
            } ?? false
        return list != before
    }

    private mutating func lookAtFile(_ now: Int64, _ read: Reading) {
        let stamp: FileStamp
        do {
            stamp = try FileStamp(path: settings.path)
        } catch {
            seen = nil
            absence = "\(settings.path): " + Self.fault(error)
            return
        }
        absence = nil
        defer { seen = stamp }
        // Before it was read for the first time, its age alone is known.
        if reading == nil { refreshed = stamp.refreshed }
        let isDue = stamp != tried || retry.map { now >= $0 } ?? false
        guard isDue, isStill(stamp, now) else { return }
        take(stamp, now, read)
    }

    private mutating func take(_ stamp: FileStamp, _ now: Int64, _ read: Reading) {
        tried = stamp
        do {
            let (reading, stamp) = try read(settings)
            self.reading = reading
            tried = stamp
            refreshed = stamp.refreshed
            self.read = now
            fault = nil
            // What ends by itself is read again then.
            retry = reading.nextEnd.map { max($0, now + Self.retryInterval) }
        } catch {
            fault = error.description.split(separator: "\n").first.map(String.init)
            retry = now + Self.retryInterval
        }
    }

    /// Whether nobody is writing it: it was put there by a rename, or hasn't changed for a while. A clock that was set back
    /// shows by the same file twice.
    private func isStill(_ stamp: FileStamp, _ now: Int64) -> Bool {
        let isAnother = stamp.inode != tried?.inode || stamp.device != tried?.device
        if isAnother, stamp.isFinished { return true }
        let age = now - max(stamp.refreshed, stamp.modified / 1_000_000)
        return age >= Self.stillness || age < 0 && stamp == seen
    }

    /// A file that was changed within this time may be being written, in milliseconds.
    static var stillness: Int64 { 2000 }
    /// What couldn't be read is tried again after this time, in milliseconds.
    static var retryInterval: Int64 { 60_000 }

    private static func fault(_ error: FileStampError) -> String {
        if error.isAbsence { return "is not there; have it put there" }
        if error.isDenial {
            return
                "can't be reached; let sentineld's user enter its directories, which may not be in /home, /root or "
                + "/tmp"
        }
        return "can't be looked at: \(error); check its file system"
    }
}
