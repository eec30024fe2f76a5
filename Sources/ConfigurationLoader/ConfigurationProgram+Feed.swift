// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Feeds
internal import Glibc
public import SentinelConfiguration

extension ConfigurationProgram {
    /// Reads a feed's file. Blocks the calling thread until the program has ended: a second for some million addresses.
    ///
    /// - Parameters:
    ///   - capacity: more than that isn't taken.
    ///   - deadline: how long the program may take.
    /// - Returns: what it lists, and which file was read.
    /// - Throws: why it can't be taken: it can't be opened or trusted, it is no list, it is too large, or it was changed
    ///   while it was being read.
    public func feed(
        _ feed: Configuration.Feed, capacity: Configuration.Capacity, deadline: Duration = .seconds(90)
    ) throws(ConfigurationError) -> (reading: FeedReading, stamp: FileStamp) {
        let file = feed.path
        let input = try Self.openList(file)
        let stamp = try Self.stamp(of: input, file)
        let most = FeedReading.mostBytes(addresses: capacity.feed, blocks: capacity.feedNetwork)
        let result = try start(
            arguments: ["--confined", "--list", "--name=\(file)"]
                + (feed.format.map { ["--format=\($0.rawValue)"] } ?? []) + ["-"],
            input: input, on: file, deadline: ContinuousClock.now.advanced(by: deadline), maximumOutput: most)
        guard try Self.stamp(of: input, file) == stamp else {
            throw ConfigurationError(
                file: file, fault: "was changed while it was being read",
                remedy: "write it elsewhere and rename it, so that it is there as a whole")
        }
        guard result.end == .exited(0) else { throw failure(result, ofFeed: file, capacity) }
        do {
            var reading = try FeedReading(coded: result.output)
            reading.refusals = result.complaints.map { "\($0.fault); \($0.remedy)" }
            return (reading, stamp)
        } catch {
            throw ConfigurationError(
                file: file, fault: "can't be read: what \(path) made of it is damaged, \(error)",
                remedy: "install sentineld and sentinel-config from the same release")
        }
    }

    private static func stamp(
        of input: borrowing Descriptor, _ file: String
    ) throws(ConfigurationError) -> FileStamp {
        do {
            return try FileStamp(descriptor: input.number)
        } catch {
            throw ConfigurationError(
                file: file, fault: "can't be examined: \(error)", remedy: "check its file system")
        }
    }

    private func failure(
        _ result: ProgramResult, ofFeed file: String, _ capacity: Configuration.Capacity
    ) -> ConfigurationError {
        switch result.end {
        case .exited(2) where !result.complaints.isEmpty: return ConfigurationError(result.complaints)
        case .talkative:
            return ConfigurationError(
                file: file,
                fault: "lists more than [capacity] feed = \(capacity.feed) addresses, or feed_network = "
                    + "\(capacity.feedNetwork) blocks",
                remedy: "raise those, or shorten the list")
        default:
            let said = result.complaints.last.map { ", saying \"\($0.fault)\"" } ?? ""
            return ConfigurationError(
                file: file, fault: "can't be read: \(path) \(result.end)\(said)",
                remedy: "see what `\(path) --check --list \(file)` says")
        }
    }
}
