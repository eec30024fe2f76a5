// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CLinux
internal import Foundation
internal import Synchronization

/// A network namespace of a test's own, without a name: it ends with the last thing that is in it.
///
/// Threads of Swift's pool never enter it. ``run(_:)`` does its work on a thread that is made for that one
/// piece of work; commands started from there are in the namespace too.
public final class NetworkNamespace: Sendable {
    public let descriptor: Int32

    /// Makes a namespace whose loopback device is up.
    public init() async throws {
        descriptor = try await onFreshThread {
            let descriptor = clinux_network_namespace_create()
            guard descriptor >= 0 else {
                throw SupportError(
                    "can't make a network namespace: \(String(cString: strerror(errno))). Run as root, or inside "
                        + "`unshare -Urn`.")
            }
            return descriptor
        }
    }

    deinit { close(descriptor) }

    /// Does blocking work inside the namespace.
    public func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        let namespace = self
        return try await onFreshThread {
            guard clinux_network_namespace_enter(namespace.descriptor) == 0 else {
                throw SupportError("can't enter the namespace: \(String(cString: strerror(errno)))")
            }
            return try body()
        }
    }

    /// Does blocking work inside the namespace as another user.
    ///
    /// On a thread below that of ``run(_:)``: a thread that resumes a task may have the task's executor make a thread,
    /// which would be that user's as well.
    public func run<T: Sendable>(
        asUser user: UInt32, _ body: @escaping @Sendable () throws -> T
    ) async throws -> T {
        try await run {
            let (result, isDone) = (Box<T>(), DispatchSemaphore(value: 0))
            Thread.detachNewThread {
                result.store(
                    Result {
                        guard clinux_thread_become_user(user) == 0 else {
                            throw SupportError(
                                "can't become user \(user): \(String(cString: strerror(errno)))")
                        }
                        return try body()
                    })
                isDone.signal()
            }
            isDone.wait()
            return try result.get()
        }
    }

    /// Runs a command inside the namespace and returns what it printed.
    @discardableResult
    public func command(_ arguments: String..., input: String = "") async throws -> String {
        try await run { try Command(arguments, input: input).output() }
    }

    /// Connects two namespaces by a pair of devices, with addresses in CIDR notation at each end.
    ///
    /// IPv6 addresses are usable at once: duplicate address detection is off.
    public func connect(
        to other: NetworkNamespace, device: String = "veth0", addresses: [String],
        otherDevice: String = "veth0",
        otherAddresses: [String]
    ) async throws {
        let peer = "/proc/\(getpid())/fd/\(other.descriptor)"
        try await command(
            "ip", "link", "add", device, "type", "veth", "peer", "name", otherDevice, "netns", peer)
        for (namespace, device, addresses) in [
            (self, device, addresses), (other, otherDevice, otherAddresses),
        ] {
            for address in addresses {
                let flags = address.contains(":") ? ["nodad"] : []
                try await namespace.run {
                    _ = try Command(["ip", "address", "add", address, "dev", device] + flags).output()
                }
            }
            try await namespace.command("ip", "link", "set", device, "up")
        }
        // Packets that are sent before the kernel has noticed the carrier are lost, and sent again after a second.
        for (namespace, device) in [(self, device), (other, otherDevice)] {
            while try await !namespace.command("ip", "-oneline", "link", "show", device).contains("state UP")
            {}
        }
    }

    /// The ruleset, or a part of it, as `nft -j list …` prints it: the objects without the first, which is about
    /// nft itself.
    public func nftList(_ arguments: String...) async throws -> [[String: any Sendable]] {
        let text = try await run { try Command(["nft", "-j", "list"] + arguments).output() }
        let top = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        guard let objects = top?["nftables"] as? [[String: Any]] else {
            throw SupportError("nft printed no ruleset: \(text)")
        }
        return objects.dropFirst().map { $0.mapValues { sendable($0) } }
    }

    /// The elements of a set as nft lists them.
    public func nftElements(_ family: String, _ table: String, _ set: String) async throws -> [ListedElement]
    {
        let objects = try await nftList("set", family, table, set)
        let found = objects.compactMap { $0["set"] as? [String: any Sendable] }.first
        return ((found?["elem"] as? [any Sendable]) ?? []).map(ListedElement.init)
    }
}

/// An element as `nft -j list set` prints it.
public struct ListedElement: Sendable, Equatable {
    /// The key: an address, a block as `192.0.2.0/24`, a range as `a-b`, fields joined with ` . `.
    public var key = ""
    /// In seconds.
    public var timeout: Int?
    /// In seconds, rounded down.
    public var expires: Int?
    public var comment: String?
    public var packets: Int?
    public var bytes: Int?

    init(_ json: any Sendable) {
        guard let outer = json as? [String: any Sendable],
            let inner = outer["elem"] as? [String: any Sendable]
        else {
            key = Self.text(json)
            return
        }
        key = Self.text(inner["val"] ?? "")
        timeout = inner["timeout"] as? Int
        expires = inner["expires"] as? Int
        comment = inner["comment"] as? String
        let counter = inner["counter"] as? [String: any Sendable]
        packets = counter?["packets"] as? Int
        bytes = counter?["bytes"] as? Int
    }

    private static func text(_ json: any Sendable) -> String {
        guard let object = json as? [String: any Sendable] else { return "\(json)" }
        if let prefix = object["prefix"] as? [String: any Sendable] {
            return "\(prefix["addr"] ?? "")/\(prefix["len"] ?? "")"
        }
        if let range = object["range"] as? [any Sendable] {
            return range.map { text($0) }.joined(separator: "-")
        }
        if let fields = object["concat"] as? [any Sendable] {
            return fields.map { text($0) }.joined(separator: " . ")
        }
        return "\(object)"
    }
}

/// JSON values as ones that may cross between threads.
private func sendable(_ value: Any) -> any Sendable {
    switch value {
    case let value as [String: Any]: value.mapValues { sendable($0) }
    case let value as [Any]: value.map { sendable($0) }
    case let value as NSNumber: value.intValue
    default: "\(value)"
    }
}

/// What a thread hands to another.
private final class Box<T: Sendable>: Sendable {
    private let result = Mutex<Result<T, any Error>?>(nil)

    func store(_ value: Result<T, any Error>) { result.withLock { $0 = value } }

    func get() throws -> T {
        guard let result = result.withLock({ $0 }) else { throw SupportError("there is no result") }
        return try result.get()
    }
}

/// What the support itself can't do.
public struct SupportError: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Does blocking work on a thread that is made for it and ends with it.
public func onFreshThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
    }
}
