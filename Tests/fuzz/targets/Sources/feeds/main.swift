// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FeedReader
internal import Feeds
internal import FuzzDriver
internal import SentinelConfiguration

// Feeds: whatever a list's bytes are, they are refused in plain words, or what they come to can be handed over and comes back
// as it was; and whatever is handed over in its place is refused, or in order.

let formats = Configuration.FeedFormat.allCases.map { Optional($0.rawValue) } + [nil]

func requireOrder<Number>(_ list: NumberList<Number>) {
    for (before, after) in zip(list.addresses, list.addresses.dropFirst()) {
        require(before < after, "addresses are in order")
    }
    for (before, after) in zip(list.blocks, list.blocks.dropFirst()) {
        require(before.last < after.first && after.first - before.last > 1, "blocks are in order, and apart")
    }
    require(list.blocks.allSatisfy { $0.first < $0.last }, "a block has two addresses at least")
    for address in list.addresses {
        require(
            !list.blocks.contains { $0.first <= address && address <= $0.last }, "no address is in a block")
    }
}

func requireOrder(_ reading: FeedReading) {
    requireOrder(reading.list.ipv4)
    requireOrder(reading.list.ipv6)
}

fuzz { input in
    let bytes = [UInt8](input)
    if let reading = try? FeedReading(coded: bytes) {
        requireOrder(reading)
        require((try? FeedReading(coded: reading.coded)) == reading, "what was taken can be handed over")
    }
    for format in formats {
        do throws(ConfigurationError) {
            var reading = try FeedReading(text: bytes, format: format, now: 1_795_836_037_000, file: "f")
            requireOrder(reading)
            for refusal in reading.refusals { requirePlain(refusal) }
            let again = try? FeedReading(coded: reading.coded)
            reading.refusals = []
            require(again == reading, "what was read comes back as it was")
        } catch {
            requirePlain(error.description)
        }
    }
}
