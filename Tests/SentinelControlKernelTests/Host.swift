// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Foundation
internal import NamespaceSupport

/// A host of a test's own: a network namespace with sentineld in it, and a directory for its socket.
final class Host: Sendable {
    let namespace: NetworkNamespace
    let directory: String
    var socket: String { "\(directory)/sentinel.sock" }

    init() async throws {
        namespace = try await NetworkNamespace()
        directory = FileManager.default.temporaryDirectory.path + "/sentinelctl-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Where the executables are that are built together with this test.
    static let binaries: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: own).deletingLastPathComponent().path
    }()

    /// The configuration's file.
    var configuration: String { "\(directory)/sentinel.toml" }
    func configurationText() throws -> String { try String(contentsOfFile: configuration, encoding: .utf8) }

    /// Starts sentineld and waits until it listens.
    ///
    /// - Parameter sections: what its configuration has besides; nil: it is as it was left.
    func startHelper(_ sections: String? = "") async throws -> RunningProcess {
        let configuration = configuration
        let text = """
            [socket]
            mode = "0666"
            [ledger]
            directory = "\(directory)"
            [node]
            ports = ["tcp/8776", "udp/8776"]
            users = ["nobody"]
            [access]
            submit = ["user:root"]
            operate = ["user:root"]

            """
        if let sections {
            try (text + sections).write(toFile: configuration, atomically: true, encoding: .utf8)
        }
        let (socket, notify) = (socket, "\(directory)/notify.sock")
        return try await namespace.run {
            let listener = try ReadinessListener(path: notify)
            let helper = try RunningProcess(
                ["\(Self.binaries)/sentineld", "--config", configuration, "--socket", socket],
                environment: ["NOTIFY_SOCKET": notify])
            try listener.waitUntilReady()
            return helper
        }
    }

    /// Runs sentinelctl in the namespace to its end.
    func control(_ arguments: String..., as user: [String] = []) async throws
        -> (status: Int32, output: String, errors: String)
    {
        try await control(arguments, as: user)
    }

    /// Runs sentinelctl in the namespace to its end.
    func control(_ arguments: [String], as user: [String] = []) async throws
        -> (status: Int32, output: String, errors: String)
    {
        let socket = socket
        return try await namespace.run {
            try Command(
                user + ["\(Self.binaries)/sentinelctl"] + arguments,
                environment: ["SENTINEL_SOCKET": socket, "COLUMNS": "80", "TZ": "UTC"]
            ).run()
        }
    }

    /// Runs sentinelctl with `--json` and reads the document it prints.
    func controlJSON(_ arguments: String...) async throws -> [String: any Sendable] {
        let socket = socket
        let text = try await namespace.run {
            try Command(
                ["\(Self.binaries)/sentinelctl"] + arguments + ["--json", "--socket", socket]
            ).output()
        }
        return try object(text)
    }

    /// Starts sentinelctl beside the test.
    func startControl(_ arguments: String...) async throws -> RunningProcess {
        let socket = socket
        return try await namespace.run {
            try RunningProcess(
                ["\(Self.binaries)/sentinelctl"] + arguments, environment: ["SENTINEL_SOCKET": socket])
        }
    }

    /// The keys in a set, as nft lists them.
    func keys(_ set: String) async throws -> [String] {
        try await namespace.nftElements("inet", "sentinel", set).map(\.key)
    }
}

/// Reads one JSON object.
func object(_ text: some StringProtocol) throws -> [String: any Sendable] {
    guard let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
        throw SupportError("no JSON object: \(text)")
    }
    return object.mapValues { value in
        switch value {
        case let value as NSNumber: value.int64Value
        case let value as [[String: Any]]: value.map { $0.mapValues { "\($0)" } }
        default: "\(value)"
        }
    }
}

/// Listens as a service manager does, for a service that says READY=1 (sd_notify(3)).
struct ReadinessListener: ~Copyable {
    private let descriptor: Int32

    init(path: String) throws {
        unlink(path)
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard descriptor >= 0, result == 0 else {
            throw SupportError("can't listen at \(path): \(String(cString: strerror(errno)))")
        }
        // A service that never gets ready fails the test rather than holding it up.
        var deadline = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &deadline, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func waitUntilReady() throws {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { throw SupportError("sentineld didn't get ready") }
            let message = String(decoding: buffer[..<count], as: UTF8.self)
            if message.split(separator: "\n").contains("READY=1") { return }
        }
    }
}
