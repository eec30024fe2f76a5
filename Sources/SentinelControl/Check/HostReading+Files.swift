// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ConfigurationLoader
internal import Inet
internal import SentinelConfiguration

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

// What is read from the file system and from /proc.

extension HostReading {
    static var kernel: String {
        var name = utsname()
        guard uname(&name) == 0 else { return "unknown" }
        return withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    private static func text(_ path: String) -> String? {
        let file = OwnedDescriptor(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK))
        guard file.number >= 0, let bytes = file.read(atMost: 64 << 20) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func names(in directory: String) -> [String] {
        guard let opened = opendir(directory) else { return [] }
        defer { closedir(opened) }
        var names: [String] = []
        while let entry = readdir(opened) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names
    }

    static var legacyTables: [String] {
        ["/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"].flatMap { path in
            (text(path) ?? "").split(separator: "\n").map { "\(path.contains("ip6") ? "ip6" : "ip") \($0)" }
        }
    }

    static var flushes: [String] {
        ["/etc/nftables.conf"].filter { path in
            (text(path) ?? "").split(separator: "\n").contains { line in
                line.split { $0 == " " || $0 == "\t" }.starts(with: ["flush", "ruleset"])
            }
        }
    }

    // MARK: Users and sockets

    func user(_ account: Account) -> HostFacts.User {
        let id: UInt32? =
            switch account {
            case .id(let id): id
            case .name(let name): getpwnam(name)?.pointee.pw_uid
            }
        return .init(account: "\(account)", id: id, runs: id.map { Self.running.contains($0) } ?? false)
    }

    /// The users that have a process.
    private static let running: Set<UInt32> = Set(
        names(in: "/proc").filter { UInt32($0) != nil }.compactMap { name in
            var status = stat()
            return stat("/proc/\(name)", &status) == 0 ? status.st_uid : nil
        })

    /// The sockets that listen in this network namespace, with their programs where these matter.
    func listeners(_ configuration: Configuration?) -> [ListeningSocket] {
        var sockets = [("tcp", TransportProtocol.tcp), ("tcp6", .tcp), ("udp", .udp), ("udp6", .udp)].flatMap
        { name, transport in
            ListeningSocket.listed(in: Self.text("/proc/net/\(name)") ?? "", transport)
        }
        let ports = Set(configuration?.node.ports.map(\.number) ?? [])
        // Of TCP all, for sshd may listen anywhere.
        sockets = sockets.filter { $0.transport == .tcp || ports.contains($0.port) }
        let programs = Self.programs(of: Set(sockets.map(\.inode)))
        return sockets.map { socket in
            var socket = socket
            socket.program = programs[socket.inode]
            socket.userName = getpwuid(socket.user).map { String(cString: $0.pointee.pw_name) }
            return socket
        }
    }

    /// The names of the programs that have sockets, as far as this user may see them.
    private static func programs(of sockets: Set<UInt64>) -> [UInt64: String] {
        var programs: [UInt64: String] = [:]
        for process in names(in: "/proc") where UInt32(process) != nil && programs.count < sockets.count {
            for number in names(in: "/proc/\(process)/fd") {
                var buffer = [UInt8](repeating: 0, count: 64)
                let length = buffer.withUnsafeMutableBytes {
                    readlink(
                        "/proc/\(process)/fd/\(number)", $0.baseAddress!.assumingMemoryBound(to: CChar.self),
                        $0.count)
                }
                guard length > 0 else { continue }
                let link = String(decoding: buffer[..<length], as: UTF8.self)
                guard link.hasPrefix("socket:["), let inode = UInt64(link.dropFirst(8).dropLast()),
                    sockets.contains(inode),
                    programs[inode] == nil
                else { continue }
                programs[inode] = text("/proc/\(process)/comm").map { String($0.prefix { $0 != "\n" }) }
            }
        }
        return programs
    }

    // MARK: Files

    func files(_ path: String, _ configuration: Configuration?) -> [HostFacts.File] {
        var places: [(HostFacts.File.Role, String)] = [(.configuration, path), (.socket, helper.socket)]
        if let directory = configuration?.ledger.directory { places.append((.state, directory)) }
        if let reader = try? ConfigurationProgram.find() { places.append((.reader, reader.path)) }
        return places.compactMap { role, path in
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            let group =
                getgrgid(status.st_gid).map { String(cString: $0.pointee.gr_name) } ?? "\(status.st_gid)"
            return .init(
                role: role, path: path, owner: status.st_uid, group: group, mode: status.st_mode & 0o7777)
        }
    }
}
