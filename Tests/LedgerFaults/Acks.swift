// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Glibc

/// Which batches were tried, and up to which one everything was said to be durable. It is written at once, so that it
/// outlives whoever writes it.
struct Acks {
    private let path: String

    init(path: String) { self.path = path }

    func tries(_ batch: Int) { append("t \(batch)") }

    func isDurable(upTo batch: Int) { append("a \(batch)") }

    private func append(_ line: String) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { fatalError("\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        let text = line + "\n"
        precondition(Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count)
    }

    /// The last of both; 0 where there is none.
    func read() -> (tried: Int, durable: Int) {
        guard let file = fopen(path, "re") else { return (0, 0) }
        defer { fclose(file) }
        var (tried, durable) = (0, 0)
        var line = [CChar](repeating: 0, count: 64)
        while fgets(&line, 64, file) != nil {
            let words = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }.split { $0 == 32 || $0 == 10 }
            guard words.count == 2, let number = Int(String(decoding: words[1], as: UTF8.self)) else {
                continue
            }
            if words[0] == [97] { durable = max(durable, number) } else { tried = max(tried, number) }
        }
        return (tried, durable)
    }
}
