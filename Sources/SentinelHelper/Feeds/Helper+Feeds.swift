// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Feeds
internal import Inet
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Nftables
public import SentinelConfiguration
internal import SentinelProtocol

// The files of [[feed]] are looked at each second, on another thread: a disk may be slow, and to read a million addresses
// takes a second. What they list together is compared there with what the kernel has, and the difference is brought into
// the kernel's sets in one transaction here. Sets that are empty are filled in parts, between which others are served.

extension Helper {
    /// Reads the file of a feed, with no more in it than fits. Blocks its thread.
    public typealias FeedReading =
        @Sendable (Configuration.Feed, Configuration.Capacity) throws(ConfigurationError) -> (
            reading: Feeds.FeedReading, stamp: FileStamp
        )

    /// Looks at the files, unless that is being done.
    func lookAfterFeeds() {
        guard enforcer.mode != .released, !feeds.isLooking, feeds.filling == nil,
            !feeds.files.isEmpty || feeds.isDue, let look = feedLook()
        else { return }
        feeds.isLooking = true
        if look.isDue { feeds.isDue = false }
        let result = NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { look.found() }
        result.whenComplete { result in
            self.assumeIsolated { helper in
                helper.feeds.isLooking = false
                // It fails where the process ends.
                guard case .success(let found) = result else { return }
                helper.finishLooking(found)
            }
        }
    }

    private func feedLook() -> FeedLook? {
        guard let read = feeds.read else { return nil }
        return FeedLook(
            files: feeds.files, inKernel: feeds.inKernel,
            isDue: feeds.isDue && clock.monotonic() >= feeds.retry, capacity: configuration.capacity,
            read: read,
            now: clock.wall())
    }

    private func finishLooking(_ found: FeedLook.Found) {
        takeOver(found.files)
        if let wanted = found.wanted {
            // The configuration or the table has changed since: it is looked at once more.
            guard !feeds.isDue || clock.monotonic() < feeds.retry, feeds.inKernel == found.inKernel else {
                feeds.isDue = true
                return lookAfterFeeds()
            }
            bring(wanted, found.difference)
        } else if feeds.inKernel == nil, !feeds.files.contains(where: \.isUnknown) {
            feeds.isDue = true
        }
        tellFeedProblems()
    }

    /// Takes over what was seen of the files, as far as they are still wanted.
    private func takeOver(_ files: [FeedFile]) {
        let seen = Dictionary(files.map { ($0.settings, $0) }) { a, _ in a }
        feeds.files = feeds.files.map { file in
            guard let new = seen[file.settings] else { return file }
            if new.read != file.read, let reading = new.reading { log(reading, of: new) }
            return new
        }
    }

    private func log(_ reading: Feeds.FeedReading, of file: FeedFile) {
        logger.notice(
            "feed read",
            metadata: [
                "feed": "\(file.settings.name)", "format": "\(reading.format)",
                "addresses": "\(reading.list.addressCount)", "blocks": "\(reading.list.blockCount)",
                "refused": "\(reading.refused)", "guarded": "\(guardedCount(of: reading.list))",
            ])
        for refusal in reading.refusals {
            logger.warning("feed \(file.settings.name): \(file.settings.path): \(refusal)")
        }
    }

    /// How much of a list guards cover, in part or as a whole: nothing blocks that.
    func guardedCount(of list: AddressList) -> Int {
        (guards.ranges(.ipv4) + guards.ranges(.ipv6)).reduce(0) {
            $0 + list.count(from: $1.first, through: $1.last)
        }
    }

    // MARK: Into the kernel

    /// Has the kernel's sets hold what is wanted.
    private func bring(_ wanted: AddressList, _ difference: AddressList.Difference) {
        feeds.wanted = wanted
        // They are filled when the sets are there.
        guard missing == nil else { return }
        if let excess = feedExcess(wanted, configuration.capacity).first {
            return feedsFailed("\(excess); what was in force before stays so. Raise it, or take a feed out")
        }
        let began = clock.monotonic()
        do {
            if let before = feeds.inKernel {
                guard !before.isEmpty || wanted.count <= FeedParts.size else {
                    feeds.inKernel = nil
                    feeds.filling = FeedParts(wanted, from: began)
                    return fillOn()
                }
                try enforcer.swapFeeds(difference, whole: wanted)
            } else if feeds.files.contains(where: \.isUnknown) {
                return try addToUnknown(wanted)
            } else {
                try enforcer.rewriteFeeds(wanted)
            }
            feeds.inKernel = wanted
            feedsAreRight(added: difference.added.count, removed: difference.removed.count, since: began)
        } catch {
            // A swap may take several transactions, of which some may have been carried out.
            feeds.inKernel = nil
            feedsFailed("what feeds list can't be brought into the kernel: \(error). It is tried again")
        }
    }

    /// After a restart, while one of the files can't be read: nobody knows which of what is there is from it, so all of
    /// it stays, and what the other files list comes to it.
    private func addToUnknown(_ wanted: AddressList) throws(NftablesError) {
        feeds.problem =
            "since sentineld was restarted, a feed couldn't be read yet: what was in force before stays so until then"
        guard !wanted.isEmpty else { return }
        var builder = AddressList.Builder()
        for kind in [SetKind.feednet4, .feednet6] {
            for range in IntervalReading(try enforcer.list(kind)).ranges {
                builder.add(from: range.first, through: range.last)
            }
            for range in FeedElements(wanted, kind).ranges {
                builder.add(from: range.first, through: range.last)
            }
        }
        try enforcer.rewriteFeeds(builder.finish(), in: [.feednet4, .feednet6])
        for kind in [SetKind.feed4, .feed6] { try enforcer.fillFeeds(kind, with: FeedElements(wanted, kind)) }
    }

    /// Fills empty sets, a part at a time.
    private func fillOn() {
        guard var parts = feeds.filling, missing == nil, enforcer.mode != .released else { return }
        do {
            guard let (kind, elements) = parts.next() else {
                feeds.filling = nil
                feeds.inKernel = parts.list
                feedsAreRight(added: parts.list.count, removed: 0, since: parts.began)
                return tellFeedProblems()
            }
            feeds.filling = parts
            try enforcer.fillFeeds(kind, with: elements)
            eventLoop.execute { [weak self] in self?.assumeIsolated { $0.fillOn() } }
        } catch {
            feeds.filling = nil
            feedsFailed("what feeds list can't be brought into the kernel: \(error). It is tried again")
            tellFeedProblems()
        }
    }

    private func feedsAreRight(added: Int, removed: Int, since began: MonotonicMilliseconds) {
        feeds.problem = nil
        guard added + removed > 0 || !feeds.wanted.isEmpty else { return }
        logger.notice(
            "feeds in force",
            metadata: [
                "addresses": "\(feeds.wanted.addressCount)", "blocks": "\(feeds.wanted.blockCount)",
                "added": "\(added)", "removed": "\(removed)", "ms": "\(clock.monotonic() - began)",
            ])
    }

    private func feedsFailed(_ problem: String) {
        feeds.problem = problem
        feeds.isDue = true
        feeds.retry = clock.monotonic() + Self.feedRetryInterval
    }

    private static var feedRetryInterval: Int64 { 10_000 }

    // MARK: What becomes of the table

    /// Nobody knows what the sets hold: they are filled anew when they are there and the files have been read.
    func feedsAreUnknown() {
        feeds.inKernel = nil
        feeds.filling = nil
        feeds.audit = nil
        feeds.isDue = true
        feeds.retry = 0
    }

    /// The table was made anew, with what feeds list.
    func feedsAreInKernel() {
        feeds.inKernel = feeds.inKernel ?? feeds.wanted
        feeds.filling = nil
        feeds.audit = nil
    }

    func feedsAreReleased() {
        feeds.inKernel = AddressList()
        feeds.filling = nil
        feeds.audit = nil
    }

    /// Before the table of an earlier run is replaced by another: the files are read at once, for what is in force by them
    /// would be let in until they are.
    func readFeedsAtOnce() {
        guard !feeds.files.isEmpty, let look = feedLook() else { return }
        let found = look.found()
        takeOver(found.files)
        guard let wanted = found.wanted, feedExcess(wanted, configuration.capacity).isEmpty else { return }
        feeds.wanted = wanted
        feeds.inKernel = nil
        feeds.isDue = false
    }

    /// What of a list is more than there may be, by the keys of the configuration.
    private func feedExcess(_ list: AddressList, _ capacity: Configuration.Capacity) -> [String] {
        SetKind.ofFeeds.compactMap { kind in
            let count = FeedElements(list, kind).count
            guard let most = kind.capacity(capacity), count > most else { return nil }
            let what = kind.flags.contains(.interval) ? "blocks" : "addresses"
            return
                "feeds list \(count) \(what) for \(kind.name), and [capacity] \(kind.capacityKey) is \(most)"
        }
    }

    /// What stands against other capacities.
    func feedObstacles(to capacity: Configuration.Capacity) -> [String] {
        feedExcess(feeds.inKernel ?? feeds.wanted, capacity).map {
            "\($0); raise it, or take a feed out first"
        }
    }

    // MARK: What needs the operator's eye

    /// Each by its feed's name, and that of all together.
    private var feedProblemsByName: [String: String] {
        var problems: [String: String] = [:]
        for file in feeds.files {
            if let problem = file.problem {
                problems[file.settings.name] = "feed \(file.settings.name): \(problem)"
            }
        }
        if feeds.read == nil, !feeds.files.isEmpty {
            problems[""] = "this sentineld can't read feeds; install sentinel-config beside it"
        }
        if let problem = feeds.problem { problems[""] = problem }
        return problems
    }

    var feedProblems: [String] { feedProblemsByName.sorted { $0.key < $1.key }.map(\.value) }

    /// Tells of problems that have come, and of those that are over.
    private func tellFeedProblems() {
        let now = feedProblemsByName
        let time = Timestamp(rawValue: clock.wall())
        for (name, problem) in now.sorted(by: { $0.key < $1.key }) where feeds.told[name] != problem {
            logger.warning("\(problem)")
            if feeds.told[name] == nil { publish([Event(kind: .alarm, time: time, message: problem)]) }
        }
        for name in feeds.told.keys.sorted() where now[name] == nil {
            let message = name.isEmpty ? "what feeds list is in force again" : "feed \(name) is right again"
            logger.notice("\(message)")
            publish([Event(kind: .recovered, time: time, message: message)])
        }
        guard feeds.told != now else { return }
        feeds.told = now
        reportToManager()
    }
}
