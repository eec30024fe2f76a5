// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Feeds
internal import SentinelConfiguration

/// What the files of feeds list, and how far it is in the kernel.
struct FeedKeeping {
    /// How a file is read; nil where it can't be.
    var read: Helper.FeedReading?
    /// In the order of the configuration.
    var files: [FeedFile] = []
    /// What is to be in force: all that they list.
    var wanted = AddressList()
    /// What the kernel's sets hold; nil where that isn't known.
    var inKernel: AddressList? = AddressList()
    /// Why the kernel hasn't what is wanted, with the remedy.
    var problem: String?
    /// What was told of as a problem, by the feed's name; of all together by none.
    var told: [String: String] = [:]
    /// Whether the files are being looked at on another thread.
    var isLooking = false
    /// Whether what is wanted is to be brought into the kernel though no file has changed, or other files are wanted.
    var isDue = false
    /// How far empty sets have been filled; nil where none is being filled.
    var filling: FeedParts?
    /// When what was refused is tried again.
    var retry: MonotonicMilliseconds = 0
    /// How far sets have been compared with what they should hold.
    var audit: FeedParts?

    /// Takes over the configuration's feeds; of those that stay as they are, what is known of them.
    mutating func configure(_ feeds: [Configuration.Feed]) {
        guard files.map(\.settings) != feeds else { return }
        let known = Dictionary(files.map { ($0.settings, $0) }) { a, _ in a }
        files = feeds.map { known[$0] ?? FeedFile($0) }
        isDue = true
        retry = 0
    }
}

/// A look at files, which may block its thread.
struct FeedLook: Sendable {
    var files: [FeedFile]
    /// What the kernel's sets hold, to be compared with what is wanted; nil where that isn't known.
    let inKernel: AddressList?
    let isDue: Bool
    let capacity: Configuration.Capacity
    let read: Helper.FeedReading
    /// In milliseconds since 1970-01-01T00:00Z.
    let now: Int64

    struct Found: Sendable {
        var files: [FeedFile]
        /// What is to be in force now; nil where nothing has changed.
        var wanted: AddressList?
        /// The difference of it to what the kernel's sets held then.
        var difference = AddressList.Difference()
        let inKernel: AddressList?
    }

    func found() -> Found {
        var found = Found(files: files, inKernel: inKernel)
        var isChanged = isDue
        for index in files.indices {
            let hasChanged = found.files[index].look(now: now) { feed throws(ConfigurationError) in
                try read(feed, capacity)
            }
            isChanged = isChanged || hasChanged
        }
        guard isChanged else { return found }
        let wanted = AddressList.union(found.files.compactMap { $0.list })
        found.wanted = wanted
        if let inKernel { found.difference = inKernel.difference(to: wanted) }
        return found
    }
}

/// Goes through what a list holds, some thousand at a time: the blocks first, then the addresses.
struct FeedParts {
    let list: AddressList
    private var kinds: ArraySlice<SetKind> = [.feednet4, .feednet6, .feed4, .feed6]
    private var position = 0
    private let size: Int
    /// When it began.
    let began: MonotonicMilliseconds

    init(_ list: AddressList, size: Int = Self.size, from began: MonotonicMilliseconds) {
        self.list = list
        self.size = size
        self.began = began
    }

    /// So many elements at a time, where the kernel is given them.
    static var size: Int { 8192 }

    /// The next ones; nil where there are none left.
    mutating func next() -> (kind: SetKind, elements: FeedElements)? {
        while let kind = kinds.first {
            let elements = FeedElements(list, kind)
            guard position < elements.count else {
                kinds.removeFirst()
                position = 0
                continue
            }
            let end = min(position + size, elements.count)
            defer { position = end }
            return (kind, elements[position..<end])
        }
        return nil
    }
}
