// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FuzzDriver
internal import Inet

// Addresses, blocks and endpoints: what is read prints as what reads the same again. Blocks from one address through
// another hold just what lies between.

/// The text that a value prints reads as that value, and prints the same.
func roundTrip<Value: LosslessStringConvertible & Equatable>(_ value: Value) {
    let text = value.description
    let again = Value(text)
    require(again == value, "\(Value.self) \(text) reads back as itself, not as \(again.debugDescription)")
    require(again?.description == text, "\(text) prints the same again")
}

extension Optional where Wrapped: CustomStringConvertible {
    var debugDescription: String { map(\.description) ?? "nothing" }
}

func checkBlocks(_ a: IPAddress, _ b: IPAddress) {
    guard a.family == b.family else { return }
    let (first, last) = (min(a, b), max(a, b))
    let blocks = IPNetwork.blocks(from: first, through: last)
    require(
        blocks.count <= 2 * a.family.bitWidth, "\(blocks.count) blocks are enough from \(first) to \(last)")
    var next: IPAddress? = first
    for block in blocks {
        require(block.first == next, "\(block) begins where the one before it ends, from \(first) to \(last)")
        next = block.last.successor
    }
    require(blocks.last?.last == last, "the blocks from \(first) to \(last) end with it")
}

fuzz { input in
    let text = String(decoding: input, as: UTF8.self)
    if let address = IPAddress(text) { roundTrip(address) }
    if let network = IPNetwork(text) {
        roundTrip(network)
        require(network.contains(network.first) && network.contains(network.last), "\(text) holds its ends")
        require(IPNetwork(containing: network.last, prefixLength: network.prefixLength) == network, text)
    }
    if let endpoint = Endpoint(text) { roundTrip(endpoint) }
    if let transport = TransportProtocol(text) { roundTrip(transport) }

    if let address = IPAddress(bytes: input) {
        roundTrip(address)
        roundTrip(address.canonical)
        require(address.successor?.predecessor ?? address == address, "\(address) is before its successor")
    }
    let half = input.count / 2
    if let a = IPAddress(bytes: input.prefix(half)), let b = IPAddress(bytes: input.dropFirst(half)) {
        checkBlocks(a, b)
    }
}
