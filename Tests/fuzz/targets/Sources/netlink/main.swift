// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FuzzDriver
internal import Glibc
internal import Inet

@testable internal import Nftables

// What the kernel answers, as bytes of a datagram: every reader of it, libnftnl's among them, gets it right before a
// page that can't be read.

let readable = GuardedPages(count: 16)

/// What is read of an element goes into a message and comes back.
func check(_ elements: [Element]) {
    guard !elements.isEmpty else { return }
    let set = NamedSet(Table(.inet, "sentinel"), "accept4", key: KeyType(.ipv4Address))
    var transaction = Transaction()
    transaction.add(elements, to: set)
    let sealed = transaction.seal()
    var again: [Element] = []
    sealed.buffer.bytes.withMemoryRebound(to: UInt8.self) { _ in
        for message in Messages(sealed.buffer.bytes) { again += ElementCoding.elements(of: message) }
    }
    require(again.count == elements.count, "\(again.count) of \(elements.count) elements come back")
    for (before, after) in zip(elements, again) {
        require(after.key == before.key, "\(before) comes back with its key")
        require(after.isIntervalEnd == before.isIntervalEnd, "\(before) comes back with its flags")
        require(after.counter == before.counter, "\(before) comes back with its counter")
        require((after.comment?.utf8.count ?? 0) <= ElementCoding.maximumComment, "a comment fits")
    }
    // Wherever the kernel says that the fault is.
    guard let operation = sealed.operation(1) else { return }
    for offset in [0, 16, 20, 60, 100, UInt32(truncatingIfNeeded: sealed.buffer.count), .max] {
        if let key = sealed.element(of: operation, at: offset) {
            require(elements.contains { $0.key == key }, "\(key) is one of the elements")
        }
    }
}

fuzz { input in
    guard let bytes = readable.holding(input) else { return }
    for message in Messages(bytes) {
        if let verdict = KernelVerdict(message: message) {
            _ =
                NftablesError(errno: verdict.errno, operation: "fuzz", kernelMessage: verdict.message)
                .description
        }
        _ = Table(message: message)?.description
        if let chain = Chain(message: message) { _ = chain.description }
        if let set = NamedSet(message: message) {
            require(KeyType(number: set.keyType.number) == set.keyType, "a key's type reads back")
            require((1...ElementKey.maximumLength * 2).contains(set.keyType.length), "a key has a length")
        }
        _ = Monitor.Event(message: message)
        check(ElementCoding.elements(of: message))
    }
}
