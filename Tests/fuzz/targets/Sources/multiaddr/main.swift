// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FuzzDriver
internal import Inet
internal import Sentinel

// Multiaddrs as bytes and as text: each form reads back as the same address, and what is concluded from one goes
// together.

func check(_ address: Multiaddr) {
    let text = address.description
    requirePlain(text)
    require(address.byteCount <= Multiaddr.maximumByteCount, "\(text) has \(address.byteCount) bytes")
    require((try? Multiaddr(bytes: address.bytes)) == address, "\(text) reads back from its bytes")
    let again = try? Multiaddr(parsing: text)
    require(again == address, "\(text) reads back from its text, not as \(again?.description ?? "nothing")")

    let components = address.components
    require(components.map(\.description).joined() == text, "\(text) is its components' text")
    require(components.map(\.protocol) == address.protocols, "\(text) has its components' protocols")
    let match = address.kernelMatch
    if match.address != nil {
        require(!address.isRelayed, "\(text) is matched by its own address")
        require(match.address == address.ipAddress, "\(text) is matched by the address that it begins with")
    }
    require(match.endpoint == nil || match.endpoint == address.endpoint, "\(text) is matched by its endpoint")
    if let endpoint = match.endpoint {
        require(Multiaddr(endpoint).kernelMatch == match, "\(endpoint) is matched as \(text) is")
    }
    require((address.transport == .p2pCircuit) == address.isRelayed, "\(text) is carried by a relay or isn't")
}

func check(_ error: SentinelError, _ limit: Int) {
    requirePlain("\(error)")
    require((0...limit).contains(error.offset ?? 0), "\(error) lies within the input")
}

fuzz { input in
    do throws(SentinelError) {
        check(try Multiaddr(bytes: input))
    } catch {
        check(error, input.count)
    }
    let text = String(decoding: input, as: UTF8.self)
    do throws(SentinelError) {
        check(try Multiaddr(parsing: text))
    } catch {
        check(error, text.utf8.count)
    }
}
