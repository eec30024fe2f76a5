// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Glibc
import NamespaceSupport
import SentineldSupport
import Synchronization

/// Connections to sentineld of a user's, by which anything can be sent. They end with this object.
final class Clients: Sendable {
    private let descriptors: [Int32]

    /// Connects so often. Blocks; for a thread that runs as the user.
    init(_ count: Int, at path: String) throws {
        var descriptors: [Int32] = []
        for _ in 0..<count {
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { throw SupportError("socket: \(String(cString: strerror(errno)))") }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            guard result == 0 else {
                throw SupportError("connect \(path): \(String(cString: strerror(errno)))")
            }
            descriptors.append(descriptor)
        }
        self.descriptors = descriptors
    }

    deinit { for descriptor in descriptors { close(descriptor) } }

    /// Sends as much as each connection takes without waiting.
    func send(_ text: String) {
        let bytes = Array(text.utf8)
        for descriptor in descriptors {
            _ = Glibc.send(
                descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        }
    }

    /// Sends all of it by the first connection, and waits for that.
    func sendWhole(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptors[0], $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Sends a call by the first connection, and waits for its reply; nil where the connection ends.
    func reply(to call: String) -> String? {
        guard sendWhole(call + "\0") else { return nil }
        var text: [UInt8] = []
        var byte: UInt8 = 0
        while recv(descriptors[0], &byte, 1, 0) == 1 {
            if byte == 0 { return String(decoding: text, as: UTF8.self) }
            text.append(byte)
        }
        return nil
    }

    /// Sends a call over and over on every connection, as fast as it is taken, and reads the replies.
    ///
    /// - Returns: how many calls were answered; nil where a connection has ended.
    func flood(_ call: String, while goesOn: () -> Bool) -> Int? {
        let bytes = Array((call + "\0").utf8)
        var sent = [Int](repeating: 0, count: descriptors.count)
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN | POLLOUT), revents: 0) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var replies = 0
        while goesOn() {
            poll(&polled, nfds_t(polled.count), 50)
            for (index, entry) in polled.enumerated() {
                if entry.revents & Int16(POLLIN) != 0 {
                    let count = recv(entry.fd, &buffer, buffer.count, Int32(MSG_DONTWAIT))
                    guard count > 0 else { return nil }
                    replies += buffer[..<count].count { $0 == 0 }
                }
                if entry.revents & Int16(POLLOUT) != 0 {
                    let count = bytes[sent[index]...].withUnsafeBytes {
                        Glibc.send(entry.fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
                    }
                    guard count > 0 || errno == EAGAIN else { return nil }
                    sent[index] = (sent[index] + max(count, 0)) % bytes.count
                }
            }
        }
        return replies
    }

    /// What each connection has received by now, and whether it has ended; nothing is waited for.
    func received() -> [(text: String, hasEnded: Bool)] {
        descriptors.map { descriptor in
            var text = ""
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
                guard count > 0 else { return (text, count == 0) }
                text += String(decoding: buffer[..<count], as: UTF8.self)
            }
        }
    }
}

extension NetworkNamespace {
    /// Connects to sentineld so often as a user.
    func clients(_ count: Int, of user: UInt32, at place: Place) async throws -> Clients {
        let path = place.socket
        return try await run(asUser: user) { try Clients(count, at: path) }
    }
}

extension RunningProcess {
    /// How much memory the process has, in bytes.
    func residentBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        guard
            let kilobytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
        else { throw SupportError("no VmRSS in \(status)") }
        return kilobytes << 10
    }

    /// How much processor time the process has used.
    func processorTime() throws -> Duration {
        let status = try String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8)
        let fields = status.drop { $0 != ")" }.split(separator: " ")
        guard fields.count > 13, let user = Int(fields[12]), let system = Int(fields[13]) else {
            throw SupportError("no times in \(status)")
        }
        return .milliseconds((user + system) * 1000 / sysconf(Int32(_SC_CLK_TCK)))
    }

    /// How many descriptors the process has.
    func descriptorCount() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(processID)/fd").count
    }
}
