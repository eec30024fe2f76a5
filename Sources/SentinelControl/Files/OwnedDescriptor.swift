// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A file descriptor that is closed with its owner; negative where opening has failed.
struct OwnedDescriptor: ~Copyable {
    let number: CInt

    init(_ number: CInt) { self.number = number }

    deinit {
        if number >= 0 { close(number) }
    }

    /// flock(2), exclusive, until it is closed; errno says why not. Who changes a configuration waits no longer than
    /// some minutes for its helper, so after that it isn't one of those who holds the lock.
    func lock(waiting: () -> Void) -> Bool {
        for attempt in 0..<Self.attempts {
            if flock(number, LOCK_EX | LOCK_NB) == 0 { return true }
            guard errno == EWOULDBLOCK || errno == EINTR else { return false }
            if attempt == 0 { waiting() }
            usleep(50_000)
        }
        errno = EWOULDBLOCK
        return false
    }

    /// Twenty a second.
    private static var attempts: Int { 6000 }

    /// All there is, or so many bytes of it; nil where it can't be read.
    func read(atMost count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        var status = stat()
        if fstat(number, &status) == 0, status.st_size > 0 {
            bytes.reserveCapacity(min(count, Int(status.st_size)))
        }
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while bytes.count < count {
            let length = chunk.withUnsafeMutableBytes {
                readBytes(number, $0, min($0.count, count - bytes.count))
            }
            if length < 0, errno == EINTR { continue }
            guard length >= 0 else { return nil }
            guard length > 0 else { break }
            bytes += chunk[..<length]
        }
        return bytes
    }

    /// All of it; errno says why not.
    func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { writeBytes(number, $0) }
            guard count >= 0 || errno == EINTR else { return false }
            rest = rest.dropFirst(max(count, 0))
        }
        return true
    }
}

/// read(2) and write(2), whose names the methods above hide.
private func readBytes(_ descriptor: CInt, _ buffer: UnsafeMutableRawBufferPointer, _ count: Int) -> Int {
    buffer.baseAddress.map { read(descriptor, $0, count) } ?? 0
}

private func writeBytes(_ descriptor: CInt, _ bytes: UnsafeRawBufferPointer) -> Int {
    bytes.baseAddress.map { write(descriptor, $0, bytes.count) } ?? 0
}
