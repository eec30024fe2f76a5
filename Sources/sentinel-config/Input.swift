// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A file that is being read, or the standard input.
struct Input: ~Copyable {
    private let descriptor: CInt
    private let name: String

    /// - Parameter name: what the file is called in messages.
    init(_ file: String, called name: String) throws(ConfigurationError) {
        self.name = name
        descriptor = file == "-" ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ConfigurationError(
                file: name, fault: "can't be opened: \(String(cString: strerror(errno)))",
                remedy: "check its path, and that you may read it")
        }
    }

    deinit {
        if descriptor != STDIN_FILENO { close(descriptor) }
    }

    /// All there is, or the first `count` bytes of it.
    func read(atMost count: Int) throws(ConfigurationError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < count {
            let size = min(chunk.count, count - bytes.count)
            let length = chunk.withUnsafeMutableBytes { buffer -> Int in
                while true {
                    let length = buffer.baseAddress.map { readBytes(descriptor, $0, size) } ?? 0
                    if length >= 0 || errno != EINTR { return length }
                }
            }
            guard length >= 0 else {
                throw ConfigurationError(
                    file: name, fault: "can't be read: \(String(cString: strerror(errno)))",
                    remedy: "check that it is a file")
            }
            guard length > 0 else { break }
            bytes += chunk[..<length]
        }
        return bytes
    }
}

/// read(2), whose name the method above hides.
private func readBytes(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}
