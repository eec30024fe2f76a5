// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc
internal import NamespaceSupport
internal import Synchronization

/// Keeps the one descriptor that a service stores, as systemd's descriptor store does: over the service's end, until it
/// is told to forget it, or is closed.
package final class DescriptorStore: Sendable {
    private let listener: Int32
    private let path: String
    private let stored = Mutex<Int32?>(nil)

    /// Starts to listen for notifications in a directory.
    package init(_ place: Place) throws {
        path = place.directory + "/notify"
        listener = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        unlink(path)
        guard Self.withAddress(path, { bind(listener, $0, $1) }) == 0 else {
            throw SupportError("bind \(path): \(String(cString: strerror(errno)))")
        }
        // It holds this object until it is told to end.
        var thread = pthread_t()
        let created = pthread_create(
            &thread, nil,
            { argument in
                argument.map { Unmanaged<DescriptorStore>.fromOpaque($0).takeRetainedValue().listen() }
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        guard created == 0 else { throw SupportError("can't start a thread") }
        pthread_detach(thread)
    }

    deinit {
        forget()
        Glibc.close(listener)
    }

    /// Ends: what is kept is closed, as when systemd stops a unit.
    package func close() {
        forget()
        let end = Self.end
        _ = Self.withAddress(path) { sendto(listener, end, end.utf8.count, 0, $0, $1) }
    }

    private static var end: String { "END=1" }

    /// The descriptor; nil where nothing is stored. It stays the store's.
    package var kept: Int32? { stored.withLock { $0 } }

    /// What the service is told of the store, and of what it kept.
    package var environment: [String: String] {
        let own = ["NOTIFY_SOCKET": path, "SENTINEL_DESCRIPTOR_STORE": "1"]
        return kept == nil ? own : own.merging(["LISTEN_FDS": "1", "LISTEN_FDNAMES": "nftables"]) { $1 }
    }

    /// The command that starts a service whose standard input is what is kept, so that it finds that where services do.
    package func receiving(_ command: [String]) -> [String] {
        guard kept != nil else { return command }
        return ["sh", "-c", #"export LISTEN_PID=$$; exec "$@" 3<&0 </dev/null"#, "sh"] + command
    }

    private func forget() {
        stored.withLock { descriptor in
            if let descriptor { Glibc.close(descriptor) }
            descriptor = nil
        }
    }

    private func listen() {
        while let (text, descriptor) = receive() {
            let lines = text.split(separator: "\n")
            if text == Self.end { return }
            if lines.contains("FDSTOREREMOVE=1") { forget() }
            guard let descriptor else { continue }
            guard lines.contains("FDSTORE=1"), lines.contains("FDNAME=nftables") else {
                Glibc.close(descriptor)
                continue
            }
            forget()
            stored.withLock { $0 = descriptor }
        }
    }

    /// A notification, and the descriptor that came beside it: recvmsg(2), SCM_RIGHTS in unix(7).
    private func receive() -> (text: String, descriptor: Int32?)? {
        var text = [UInt8](repeating: 0, count: 4096)
        // A cmsghdr, which is two machine words here, and a descriptor.
        var control = [UInt64](repeating: 0, count: 4)
        return text.withUnsafeMutableBytes { text in
            control.withUnsafeMutableBytes { control in
                var part = iovec(iov_base: text.baseAddress, iov_len: text.count)
                return withUnsafeMutablePointer(to: &part) { part in
                    var message = msghdr()
                    message.msg_iov = part
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    var count = -1
                    repeat {
                        count = recvmsg(listener, &message, Int32(MSG_CMSG_CLOEXEC))
                    } while count < 0 && errno == EINTR
                    guard count >= 0 else { return nil }
                    let size = MemoryLayout<cmsghdr>.size
                    var descriptor: Int32?
                    if message.msg_controllen >= size + MemoryLayout<Int32>.size,
                        control.load(as: cmsghdr.self).cmsg_type == Int32(SCM_RIGHTS)
                    {
                        descriptor = control.load(fromByteOffset: size, as: Int32.self)
                    }
                    return (String(decoding: text.prefix(count), as: UTF8.self), descriptor)
                }
            }
        }
    }

    private static func withAddress<R>(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
    ) -> R {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
