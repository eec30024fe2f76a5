// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Glibc
public import Inet

/// A blocking TCP or UDP socket of a test. It stays in the namespace that it was made in, whoever uses it.
public final class TestSocket: Sendable {
    public let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// What a client saw.
    public enum Outcome: Hashable, Sendable {
        case ok
        /// No answer within the socket's patience.
        case timedOut
        /// The errno's name.
        case refused(String)
    }

    /// Opens a socket bound to `local`, with this patience for each call.
    public init(
        _ transport: TransportProtocol, at local: IPAddress, port: UInt16 = 0,
        patience: Duration = .milliseconds(800)
    ) throws {
        let kind = Int32((transport == .tcp ? SOCK_STREAM : SOCK_DGRAM).rawValue | SOCK_CLOEXEC.rawValue)
        descriptor = socket(local.family == .ipv4 ? AF_INET : AF_INET6, kind, 0)
        guard descriptor >= 0 else { throw SupportError("socket: \(String(cString: strerror(errno)))") }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        let (seconds, attoseconds) = patience.components
        var time = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
        guard Self.withAddress(local, port, { bind(descriptor, $0, $1) }) == 0 else {
            throw SupportError("bind \(local) \(port): \(String(cString: strerror(errno)))")
        }
    }

    public func listen() throws {
        guard Glibc.listen(descriptor, 64) == 0 else { throw SupportError("listen") }
    }

    /// Takes a connection; nil where none comes in time.
    public func accept() -> TestSocket? {
        let accepted = Glibc.accept(descriptor, nil, nil)
        return accepted < 0 ? nil : TestSocket(descriptor: accepted)
    }

    public func connect(to address: IPAddress, port: UInt16) -> Outcome {
        let result = Self.withAddress(address, port) { Glibc.connect(descriptor, $0, $1) }
        return outcome(result)
    }

    public func send(_ text: String) -> Outcome {
        outcome(text.withCString { Int32(Glibc.send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL))) })
    }

    /// What was received, and from whom; nil where nothing came in time or the connection has ended.
    public func receive() -> String? {
        var buffer = [UInt8](repeating: 0, count: 2048)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count <= 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// How reading goes; what was read is gone.
    public func read() -> Outcome {
        var buffer = [UInt8](repeating: 0, count: 2048)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count == 0 ? .refused("closed") : outcome(Int32(count))
    }

    /// Receives a datagram and sends it back; false where none came in time.
    public func echo() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 2048)
        var sender = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &sender) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                let count = recvfrom(descriptor, &buffer, buffer.count, 0, address, &length)
                return count >= 0 && sendto(descriptor, buffer, count, 0, address, length) == count
            }
        }
    }

    private func outcome(_ result: Int32) -> Outcome {
        guard result < 0 else { return .ok }
        switch errno {
        case EAGAIN, EINPROGRESS, ETIMEDOUT: return .timedOut
        case EHOSTUNREACH: return .refused("EHOSTUNREACH")
        case EACCES: return .refused("EACCES")
        case EPERM: return .refused("EPERM")
        case ECONNREFUSED: return .refused("ECONNREFUSED")
        case ECONNABORTED: return .refused("ECONNABORTED")
        case ECONNRESET: return .refused("ECONNRESET")
        default: return .refused(String(cString: strerror(errno)))
        }
    }

    private static func withAddress<R>(
        _ address: IPAddress, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
    ) -> R {
        switch address {
        case .v4(let address):
            var raw = sockaddr_in()
            raw.sin_family = sa_family_t(AF_INET)
            raw.sin_port = port.bigEndian
            raw.sin_addr.s_addr = address.bits.bigEndian
            return withUnsafePointer(to: &raw) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        case .v6(let address):
            var raw = sockaddr_in6()
            raw.sin6_family = sa_family_t(AF_INET6)
            raw.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &raw.sin6_addr) { $0.copyBytes(from: address.bytes) }
            return withUnsafePointer(to: &raw) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
    }
}
