// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Feeds
internal import Inet
internal import Nftables
internal import SentinelConfiguration
internal import SentinelProtocol
internal import Varlink

extension Helper {
    /// What there is in feeds, and how each is.
    func listFeeds(_ call: VarlinkCall) throws(VarlinkFailure) {
        try access.require(.submit, call.peer)
        refreshGuards(.batch)
        call.reply(HelperInterface.Feeds.Reply(feeds: feeds.files.map(feed)))
    }

    private func feed(_ file: FeedFile) -> Feed {
        let list = file.list ?? AddressList()
        return Feed(
            name: file.settings.name, path: file.settings.path, format: file.reading?.format,
            addresses: list.addressCount, blocks: list.blockCount, refused: file.reading?.refused ?? 0,
            ended: file.reading?.ended ?? 0, refusals: file.reading?.refusals ?? [],
            guarded: guardedCount(of: list), read: file.read.map { Timestamp(rawValue: $0) },
            refreshed: file.refreshed.map { Timestamp(rawValue: $0) },
            maxAge: file.settings.maxAge.map { Milliseconds($0) }, problem: file.problem)
    }

    /// The feeds that list all of these addresses.
    func feeds(listing network: IPNetwork) -> [String] {
        feeds.files.filter { $0.list?.contains(network) ?? false }.map(\.settings.name)
    }

    /// The set of feeds that holds all of these addresses.
    func feedSet(holding network: IPNetwork) -> SetKind? {
        let isIPv4 = network.family == .ipv4
        return switch feeds.inKernel?.place(of: network) {
        case .address: isIPv4 ? .feed4 : .feed6
        case .block: isIPv4 ? .feednet4 : .feednet6
        case nil: nil
        }
    }

    /// Reads a page of a feed's set. They hold no bans and count nothing, so no filter and no top finds anything there.
    ///
    /// - Returns: where to go on; nil where the set has been read.
    func readFeedSet(
        _ kind: SetKind, from reading: SetReading, into set: inout SetInfo
    ) throws(NftablesError) -> Int? {
        set.elements = []
        guard reading.matches == nil, reading.top == nil else { return nil }
        guard (set.kernelCount ?? set.count) > Self.mostToList, let list = feeds.inKernel else {
            // What nobody knows is listed where it is known to be little.
            guard feeds.inKernel != nil || set.kernelCount != nil else { return nil }
            set.elements = try listedFeedSet(kind)
            return nil
        }
        let all = FeedElements(list, kind)
        let end = min(reading.position + Self.feedPageSize, all.count)
        guard reading.position < end else { return nil }
        set.elements = all[reading.position..<end].ranges.map { first, last in
            let text = first == last ? first.description : IntervalReading.text(from: first, through: last)
            return element(Element(ElementKey(first)), key: text, ban: nil)
        }
        return end < all.count ? end : nil
    }

    private func listedFeedSet(_ kind: SetKind) throws(NftablesError) -> [SetElement] {
        let found = try enforcer.list(kind)
        guard kind.flags.contains(.interval) else {
            return found.map { element($0, key: $0.key.description, ban: nil) }
        }
        return IntervalReading(found).ranges.map { element($0.element, key: $0.text, ban: nil) }
    }

    private static var feedPageSize: Int { 2000 }
}
