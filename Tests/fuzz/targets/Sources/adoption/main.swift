// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FuzzDriver
internal import Inet
internal import SentinelProtocol

@testable internal import Nftables
@testable internal import SentinelHelper

// What an earlier run left in the kernel, as bytes of netlink messages: elements of any set become bans, or none.

func check(_ elements: [Element], of kind: SetKind) {
    if kind.flags.contains(.interval) {
        for range in IntervalReading(elements).ranges {
            requirePlain(range.text)
            var next: IPAddress? = range.first
            for block in IPNetwork.blocks(from: range.first, through: range.last) {
                require(block.first == next, "a range's blocks follow one another")
                next = block.last.successor
                require(BanKey(network: block).network == block, "\(block) is its key's")
            }
        }
    } else {
        for element in elements {
            requirePlain(kind.text(element.key))
            guard let key = BanKey(element.key, in: kind) else { continue }
            require(key.elementKey == element.key || kind.check == .dial, "\(key) is its element's")
        }
    }
}

fuzz { input in
    let aligned = UnsafeMutableRawBufferPointer.allocate(byteCount: max(input.count, 1), alignment: 16)
    defer { aligned.deallocate() }
    aligned.copyMemory(from: input)
    var elements: [Element] = []
    for message in Messages(UnsafeRawBufferPointer(rebasing: aligned[..<input.count])) {
        elements += ElementCoding.elements(of: message)
    }
    // Those of both families are read alike.
    for kind in [SetKind.net4, .accept4, .accept6, .dial4, .dial6, .nodePorts] { check(elements, of: kind) }
    for element in elements {
        guard let text = element.comment, let comment = BanComment(text) else { continue }
        require(
            BanComment(comment.text) == comment || comment.peer != nil, "\(text) reads back as what it says")
    }
}
