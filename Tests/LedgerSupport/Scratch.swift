// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Glibc

/// A directory that is there as long as this is.
public final class Scratch: Sendable {
    public let path: String

    /// - Parameter parent: where; `/dev/shm` lies in memory.
    public init(in parent: String = "/dev/shm") {
        var template = Array("\(parent)/ledger-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { buffer in
            guard let made = mkdtemp(buffer.baseAddress!) else {
                fatalError("\(parent): no directory can be made there: \(String(cString: strerror(errno)))")
            }
            return String(cString: made)
        }
    }

    deinit {
        clear()
        rmdir(path)
    }

    public func clear() { for name in names { unlink("\(path)/\(name)") } }

    /// What is in it, sorted.
    public var names: [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// nil where it isn't there.
    public func read(_ name: String) -> [UInt8]? {
        let descriptor = open("\(path)/\(name)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let size = Int(lseek(descriptor, 0, SEEK_END))
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            filled = max(0, pread(descriptor, buffer.baseAddress, size, 0))
        }
    }

    public func write(_ bytes: some Collection<UInt8>, to name: String) {
        let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { fatalError("\(path)/\(name): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        let isWritten: Void? = bytes.withContiguousStorageIfAvailable { buffer in
            var done = 0
            while done < buffer.count {
                let part = Glibc.write(descriptor, buffer.baseAddress! + done, buffer.count - done)
                guard part > 0 else { fatalError("\(path)/\(name): \(String(cString: strerror(errno)))") }
                done += part
            }
        }
        precondition(isWritten != nil)
    }
}
