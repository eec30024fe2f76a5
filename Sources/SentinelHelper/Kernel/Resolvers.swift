// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc
internal import Inet

/// The name servers that this host asks, as resolv.conf(5) lists them, read again when the file is another.
struct Resolvers {
    /// Where they are listed.
    struct Files: Hashable, Sendable {
        /// What the system's own resolver reads.
        var main = "/etc/resolv.conf"
        /// Where systemd-resolved lists the servers that it asks, while the first file names systemd-resolved.
        var upstream = "/run/systemd/resolve/resolv.conf"

        /// The host's.
        static let system = Files()
    }

    /// In order.
    private(set) var addresses: [IPAddress] = []

    private let files: Files
    private var main = Version()
    private var upstream = Version()
    private var isStub = false

    init(_ files: Files) {
        self.files = files
        _ = refresh()
    }

    /// Which file it is, and of what time. Whoever writes one anew changes either.
    private struct Version: Equatable {
        var device: UInt64 = 0
        var number: UInt64 = 0
        var size: Int64 = -1
        var seconds = 0
        var nanoseconds = 0

        init() {}

        init(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return }
            device = UInt64(status.st_dev)
            number = UInt64(status.st_ino)
            size = Int64(status.st_size)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }
    }

    /// Whether they have changed since the last time. Costs a stat(2) or two while they haven't.
    mutating func refresh() -> Bool {
        let (nowMain, nowUpstream) = (Version(files.main), isStub ? Version(files.upstream) : upstream)
        guard nowMain != main || nowUpstream != upstream else { return false }
        main = nowMain
        var found = Self.read(files.main)
        isStub = found.contains(Self.stub)
        upstream = isStub ? Version(files.upstream) : Version()
        if isStub { found.formUnion(Self.read(files.upstream)) }
        let before = addresses
        addresses = found.sorted()
        return addresses != before
    }

    /// Where systemd-resolved answers, systemd-resolved.service(8).
    private static let stub = IPAddress.v4(IPv4Address(127, 0, 0, 53))

    /// A longer file is no list of name servers, and of more of them than this none is asked.
    private static let longestFile = 65_536
    private static let mostServers = 64

    private static func read(_ path: String) -> Set<IPAddress> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: longestFile)
        var count = 0
        while count < bytes.count {
            let more = bytes.withUnsafeMutableBytes { buffer in
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
                return Glibc.read(descriptor, rest.baseAddress, rest.count)
            }
            guard more > 0 else { break }
            count += more
        }
        return servers(String(decoding: bytes[..<count], as: UTF8.self))
    }

    /// The addresses behind `nameserver`, as glibc's resolver reads them: a zone doesn't matter here.
    static func servers(_ text: String) -> Set<IPAddress> {
        var found: Set<IPAddress> = []
        for line in text.split(whereSeparator: \.isNewline) where found.count < mostServers {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count >= 2, words[0] == "nameserver",
                let address = IPAddress(String(words[1].prefix { $0 != "%" }))
            else { continue }
            found.insert(address.canonical)
        }
        return found
    }
}
