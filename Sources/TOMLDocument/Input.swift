// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

package import SentinelConfiguration

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A file that is being read, or the standard input.
package struct Input: ~Copyable {
    private let descriptor: CInt
    private let name: String

    /// What a file may be.
    package enum Kind {
        /// A regular file: to open or to read any other may take for ever.
        case regular
        /// Anything that can be read.
        case any
    }

    /// - Parameter name: what the file is called in messages.
    package init(_ file: String, called name: String, _ kind: Kind = .any) throws(ConfigurationError) {
        self.name = name
        let waiting = kind == .regular ? O_NONBLOCK : 0
        descriptor = file == "-" ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | waiting)
        guard descriptor >= 0 else {
            throw ConfigurationError(
                file: name, fault: "can't be opened: \(String(cString: strerror(errno)))",
                remedy: "check its path, and that you may read it")
        }
        guard kind == .any || isRegular else {
            throw ConfigurationError(
                file: name, fault: "is no regular file", remedy: "name the file itself")
        }
    }

    private var isRegular: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    deinit {
        if descriptor != STDIN_FILENO { close(descriptor) }
    }

    /// All there is, or the first `count` bytes of it.
    package func read(atMost count: Int) throws(ConfigurationError) -> [UInt8] {
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
