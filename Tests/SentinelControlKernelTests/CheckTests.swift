// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Glibc
import NamespaceSupport
import Testing

/// sentinelctl check on hosts with real tables, sockets and files.
@Suite struct CheckTests {
    private struct Found: Decodable, Hashable {
        var level: String
        var area: String
        var what: String
        var remedy: String?
    }

    private struct Report: Decodable {
        var worst: String
        var findings: [Found]
    }

    private static func check(_ host: Host, as user: [String] = []) async throws -> (
        status: Int32, findings: [Found]
    ) {
        let outcome = try await host.control(["check", "--config", host.configuration, "--json"], as: user)
        let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
        let order = ["ok", "note", "warning", "problem"]
        #expect(
            report.worst
                == report.findings.map(\.level).max { order.firstIndex(of: $0)! < order.firstIndex(of: $1)! })
        #expect(outcome.status == (["warning", "problem"].contains(report.worst) ? 1 : 0))
        return (outcome.status, report.findings)
    }

    private static func nft(_ host: Host, _ ruleset: String) async throws {
        let file = "\(host.directory)/ruleset.nft"
        try ruleset.write(toFile: file, atomically: true, encoding: .utf8)
        _ = try await host.namespace.run { try Command(["nft", "-f", file]).output() }
    }

    /// A node: a socket of this process, so of root's, that listens at a port.
    private struct Listener: ~Copyable {
        private let descriptor: Int32

        init(_ descriptor: Int32) { self.descriptor = descriptor }

        deinit { close(descriptor) }
    }

    private static func listen(_ host: Host, _ kind: __socket_type, _ port: UInt16, at address: UInt32 = 0)
        async throws -> Listener
    {
        Listener(
            try await host.namespace.run {
                let descriptor = socket(AF_INET, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
                var name = sockaddr_in()
                name.sin_family = sa_family_t(AF_INET)
                name.sin_port = port.bigEndian
                name.sin_addr.s_addr = address.bigEndian
                let isBound = withUnsafePointer(to: &name) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                    }
                }
                guard descriptor >= 0, isBound, kind != SOCK_STREAM || Glibc.listen(descriptor, 1) == 0 else {
                    throw SupportError("can't listen at \(port): \(String(cString: strerror(errno)))")
                }
                return descriptor
            })
    }

    @Test func `On a host where all is well nothing is wrong, and what isn't right is told by its place`()
        async throws
    {
        let host = try await Host()
        let helper = try await host.startHelper("[guards]\nssh_ports = []\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: host.directory)
        try host.configurationText().replacingOccurrences(of: "\"nobody\"", with: "\"root\"").write(
            toFile: host.configuration, atomically: true, encoding: .utf8)
        #expect(try await host.control("reload").status == 0)
        let tcp = try await Self.listen(host, SOCK_STREAM, 8776)
        let udp = try await Self.listen(host, SOCK_DGRAM, 8776)
        var (_, findings) = try await Self.check(host)
        func wrong(_ area: String) -> [String] {
            findings.filter { $0.area == area && ["warning", "problem"].contains($0.level) }.map(\.what)
        }
        for area in ["configuration", "kernel", "capacity", "rulesets", "ports", "users", "ssh"] {
            #expect(wrong(area) == [], "\(area)")
            #expect(findings.contains { $0.area == area }, "\(area)")
        }
        #expect(findings.contains { $0.what == "seed-sentinelPa of user root listens at tcp/8776" })
        #expect(
            findings.contains { $0.what.hasPrefix("every user of this host may connect to \(host.socket)") })

        // The node ends, others' tables come, and the file changes.
        _ = consume udp
        try await Self.nft(
            host,
            """
            table inet fw {
                chain input {
                    type filter hook input priority 0; policy drop;
                    ct state established,related accept
                    iif lo accept
                    tcp dport 22 accept
                    tcp dport 8776 drop
                }
                chain early {
                    type filter hook prerouting priority -400;
                    ip saddr 192.0.2.1 drop
                }
                chain nat {
                    type nat hook prerouting priority dstnat;
                    tcp dport 80 redirect to :8776
                }
            }
            """)
        let text = try host.configurationText().replacingOccurrences(
            of: "ssh_ports = []", with: "ssh_ports = []\n[exempt]\naddresses = [\"192.0.2.9\"]")
        try text.write(toFile: host.configuration, atomically: true, encoding: .utf8)
        findings = try await Self.check(host).findings
        #expect(wrong("ports") == ["nothing listens at udp/8776"])
        #expect(
            wrong("configuration").first?.hasSuffix(
                "says otherwise than what sentineld runs with: [exempt] addresses")
                == true)
        #expect(
            wrong("rulesets") == [
                "the chain inet fw input (input, priority 0) drops whatever comes to tcp/8776: nobody reaches the node there",
                "the chain inet fw input (input, priority 0) drops what no rule accepts, and none names udp/8776",
                "the chain inet fw nat (prerouting, priority -100) sends port 80 on to 8776, and sentineld's chain comes before it: it sees port 80, which isn't one of [node] ports",
            ])
        #expect(
            findings.contains {
                $0.level == "note"
                    && $0.what.hasPrefix("the chain inet fw early (prerouting, priority -400) comes first")
            })
        #expect(try await host.control("reload").status == 0)
        findings = try await Self.check(host).findings
        #expect(wrong("configuration") == [])
        let shown = try await host.control("check", "--config", host.configuration)
        #expect(shown.status == 1 && shown.output.contains("\nproblem  rulesets"))
        // A path is a word, and stays whole.
        for line in shown.output.split(separator: "\n") where !line.contains(host.directory) {
            #expect(line.count <= 80, "\(line)")
        }
        _ = consume tcp
        await helper.end()
    }

    @Test func `A listener on the loopback, a user who isn't there and files that others can write are told`()
        async throws
    {
        let host = try await Host()
        try
            #"[node]\nports = ["tcp/8776"]\nusers = ["nobody-here"]\n[ledger]\ndirectory = "\#(host.directory)"\n"#
            .replacingOccurrences(of: "\\n", with: "\n").write(
                toFile: host.configuration, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: host.configuration)
        let node = try await Self.listen(host, SOCK_STREAM, 8776, at: 0x7F00_0001)
        let (status, findings) = try await Self.check(host)
        #expect(status == 1)
        for (level, area, what) in [
            (
                "problem", "helper",
                "the helper is not there, \(host.socket)"
            ),
            ("problem", "helper", "there is no table inet sentinel: nothing is enforced"),
            (
                "warning", "ports",
                "seed-sentinelPa of user root listens at tcp/8776 on the loopback alone, where nobody from outside comes"
            ),
            ("problem", "users", "there is no user nobody-here, of [node] users: its dials aren't checked"),
            (
                "problem", "files",
                "\(host.configuration) can be written by others (666): sentineld refuses it"
            ),
        ] {
            #expect(
                findings.contains { ($0.level, $0.area, $0.what) == (level, area, what) },
                "\(what): \(findings)")
        }
        _ = consume node
    }

    @Test func `Without sentineld its table goes on, and who isn't root is told what he can't see`()
        async throws
    {
        let host = try await Host()
        let helper = try await host.startHelper()
        #expect(try await host.control("ban", "192.0.2.1", "--for", "1h").status == 0)
        await helper.end()
        let findings = try await Self.check(host).findings
        #expect(
            findings.contains {
                $0.what.hasPrefix("the table inet sentinel is there: the kernel enforces what is in it")
            })
        // As nobody, from where nobody can run it.
        let others = try await Self.check(
            host, as: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        ).findings
        #expect(
            others.contains(
                Found(
                    level: "note", area: "rulesets",
                    what: "other tables aren't looked at: only root may list them",
                    remedy: "run it as root, by sudo")))
    }
}
