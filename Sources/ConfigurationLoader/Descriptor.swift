// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CLinux
internal import Glibc
internal import SentinelConfiguration

/// A file descriptor that is closed with its owner.
struct Descriptor: ~Copyable {
    let number: CInt

    init(_ number: CInt) {
        self.number = number
    }

    deinit { close(number) }

    /// read(2), after poll(2) has said that there is something: no bytes are the end.
    ///
    /// - Returns: nil where it failed.
    func read(atMost count: Int) -> [UInt8]? {
        var length = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
            guard let start = buffer.baseAddress else { return }
            repeat { length = Glibc.read(number, start, count) } while length < 0 && errno == EINTR
            used = max(length, 0)
        }
        return length < 0 ? nil : bytes
    }
}

/// pipe(2): what is written at one end is read at the other.
struct Pipe: ~Copyable {
    private let readable: Descriptor
    let writing: Descriptor

    /// - Parameter file: what the pipe is needed for.
    init(for file: String) throws(ConfigurationError) {
        var numbers: [CInt] = [-1, -1]
        guard clinux_pipe(&numbers) == 0 else {
            throw ConfigurationError(
                file: file, fault: "can't be read: pipe2(2): \(String(cString: strerror(errno)))",
                remedy: "see that there are file descriptors left, as by `ulimit -n`")
        }
        readable = Descriptor(numbers[0])
        writing = Descriptor(numbers[1])
    }

    /// Closes the writing end.
    consuming func reading() -> Descriptor { readable }
}
