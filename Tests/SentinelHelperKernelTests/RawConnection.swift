// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Glibc
import NamespaceSupport
import Synchronization

/// A connection to the helper that sends any bytes, and reads when it is told to. Blocking: for threads of its own.
final class RawConnection: Sendable {
    private let descriptor: Int32
    private let received = Mutex<[UInt8]>([])

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw SupportError("connect \(path): \(String(cString: strerror(errno)))") }
    }

    deinit { close(descriptor) }

    /// Sends all of it; false where the helper takes no more.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Sends a frame.
    func send(_ text: String) { send(Array(text.utf8) + [0]) }

    /// The next frame; nil where the connection has ended.
    func next() -> String? {
        received.withLock { received in
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                if let end = received.firstIndex(of: 0) {
                    defer { received.removeFirst(end + 1) }
                    return String(decoding: received[..<end], as: UTF8.self)
                }
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { return nil }
                received += buffer[..<count]
            }
        }
    }
}

extension RunningHelper {
    /// Sends a frame on a connection of its own; the reply, and whether the helper has closed the connection then.
    func exchange(_ frame: [UInt8]) async throws -> (reply: String?, isClosed: Bool) {
        try await onFreshThread { [path] in
            let connection = try RawConnection(path: path)
            connection.send(frame + [0])
            let reply = connection.next()
            connection.send(#"{"method":"org.varlink.service.GetInfo"}"#)
            return (reply, connection.next() == nil)
        }
    }
}
