// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Feeds
import Foundation
import Glibc
import Inet
import SentinelConfiguration
import Synchronization
import Testing

@testable import SentinelHelper

/// When a feed's file is read. Times are those of the file's own stamps, and none passes.
@Suite struct FeedFileTests {
    /// A file, and how often it was read.
    private final class Host: Sendable {
        let path = FileManager.default.temporaryDirectory.path + "/feed-\(UUID().uuidString)"
        private let state = Mutex((reads: 0, fault: String?.none, end: Int64?.none))

        deinit { unlink(path) }

        var reads: Int { state.withLock { $0.reads } }
        func fail(_ fault: String?) { state.withLock { $0.fault = fault } }
        func end(at end: Int64?) { state.withLock { $0.end = end } }

        func write(_ text: String) throws { try Data(text.utf8).write(to: URL(filePath: path), options: []) }

        func rename(_ text: String) throws {
            let other = path + ".new"
            try Data(text.utf8).write(to: URL(filePath: other), options: [])
            // A file system's clock may stand still for some milliseconds.
            _ = Glibc.rename(other, path)
            repeat {
                _ = Glibc.rename(path, other)
                _ = Glibc.rename(other, path)
            } while try !stamp.isFinished
        }

        var stamp: FileStamp { get throws { try FileStamp(path: path) } }

        func read(_ feed: Configuration.Feed) throws(ConfigurationError) -> (FeedReading, FileStamp) {
            if let fault = state.withLock({ $0.fault }) {
                throw ConfigurationError(file: feed.path, fault: fault, remedy: "mend it")
            }
            let number = state.withLock { state -> UInt32 in
                state.reads += 1
                return UInt32(state.reads)
            }
            var builder = AddressList.Builder()
            builder.add(IPNetwork(.v4(IPv4Address(bits: number))))
            var reading = FeedReading()
            reading.list = builder.finish()
            reading.nextEnd = state.withLock { $0.end }
            guard let stamp = try? FileStamp(path: feed.path) else {
                throw ConfigurationError(file: feed.path, fault: "is away", remedy: "put it back")
            }
            return (reading, stamp)
        }
    }

    /// A feed of it, as it was left by the last look.
    private final class Watched {
        private let host: Host
        private(set) var file: FeedFile

        init(_ host: Host, maxAge: Duration? = nil) {
            self.host = host
            file = FeedFile(.init(name: "own", path: host.path, maxAge: maxAge))
        }

        /// Whether another list is to be in force.
        func look(at now: Int64) -> Bool {
            file.look(now: now) { [host] feed throws(ConfigurationError) in try host.read(feed) }
        }

        var list: AddressList? { file.list }
        var problem: String? { file.problem }
        var isUnknown: Bool { file.isUnknown }
    }

    @Test func `What was written in place is read once it is still`() throws {
        let host = Host()
        try host.write("1")
        let file = Watched(host)
        let written = try host.stamp.refreshed
        #expect(!file.look(at: written + 500) && host.reads == 0 && file.isUnknown)
        #expect(!file.look(at: written + 1999) && host.reads == 0)
        #expect(file.look(at: written + 2001) && host.reads == 1 && file.problem == nil)
        #expect(!file.look(at: written + 9999) && host.reads == 1, "it is read once")
    }

    @Test func `What was renamed into its place is read at once`() throws {
        let host = Host()
        try host.write("1")
        let file = Watched(host)
        _ = file.look(at: try host.stamp.refreshed + 5000)
        try host.rename("2")
        #expect(file.look(at: try host.stamp.refreshed) && host.reads == 2)
    }

    @Test func `A clock that was set back doesn't keep a file from being read`() throws {
        let host = Host()
        try host.write("1")
        let file = Watched(host)
        let written = try host.stamp.refreshed
        #expect(!file.look(at: written - 86_400_000))
        #expect(file.look(at: written - 86_399_000), "it is the same twice")
    }

    @Test func `What can't be read leaves what was there, is tried again, and is no more a problem then`()
        throws
    {
        let host = Host()
        try host.write("1")
        let file = Watched(host)
        var now = try host.stamp.refreshed + 5000
        _ = file.look(at: now)
        let list = file.list
        host.fail("is damaged")
        try host.write("damaged")
        now = try host.stamp.refreshed + 5000
        #expect(!file.look(at: now) && file.list == list)
        #expect(file.problem == "\(host.path): is damaged; mend it. What it listed before stays in force")
        host.fail(nil)
        #expect(!file.look(at: now + 59_999))
        #expect(file.look(at: now + 60_000) && file.problem == nil && file.list != list)
    }

    @Test func `A file that is away and comes back the same isn't read again`() throws {
        let host = Host()
        try host.write("1")
        let file = Watched(host)
        let now = try host.stamp.refreshed + 5000
        _ = file.look(at: now)
        rename(host.path, host.path + ".away")
        #expect(!file.look(at: now))
        #expect(file.problem?.hasPrefix("\(host.path): is not there; ") == true && file.list != nil)
        rename(host.path + ".away", host.path)
        // A rename changes the file's time.
        _ = file.look(at: try host.stamp.refreshed + 5000)
        #expect(file.problem == nil)
    }

    @Test func `What is too old isn't in force, whether the file is there or not, and not unknown`() throws {
        let host = Host()
        try host.write("1")
        let file = Watched(host, maxAge: .seconds(100))
        let written = try host.stamp.refreshed
        #expect(file.look(at: written + 5000))
        #expect(!file.look(at: written + 100_000) && file.list != nil)
        unlink(host.path)
        #expect(file.look(at: written + 100_001) && file.list == nil && !file.isUnknown)
        #expect(file.problem?.contains("wasn't refreshed for 1m40s") == true)
    }

    @Test func `What ends by itself is read again then, but not all the time`() throws {
        let host = Host()
        try host.write("1")
        let file = Watched(host)
        let now = try host.stamp.refreshed + 5000
        host.end(at: now + 200_000)
        #expect(file.look(at: now))
        #expect(!file.look(at: now + 199_999))
        host.end(at: now)
        #expect(file.look(at: now + 200_000) && host.reads == 2)
        #expect(!file.look(at: now + 259_999))
        #expect(file.look(at: now + 260_000) && host.reads == 3)
    }
}
