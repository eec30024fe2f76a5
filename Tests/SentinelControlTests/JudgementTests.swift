// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Inet
import SentinelConfiguration
import SentinelProtocol
import Testing

@testable import SentinelControl

/// What a check makes of facts. How these are got at, SentinelControlKernelTests show.
@Suite struct JudgementTests {
    private static func configuration(_ change: (inout Configuration) -> Void = { _ in }) -> Configuration {
        var configuration = Configuration()
        configuration.node.ports = [ListeningPort(.tcp, 8776), ListeningPort(.udp, 8776)]
        change(&configuration)
        return configuration
    }

    private static func listener(
        _ transport: TransportProtocol = .tcp, _ port: UInt16 = 8776, address: String = "0.0.0.0",
        user: UInt32 = 990,
        program: String? = "radicle-node"
    ) -> ListeningSocket {
        ListeningSocket(
            transport: transport, address: IPAddress(address)!, port: port, user: user, inode: 1,
            userName: "seed",
            program: program)
    }

    private static var status: Status {
        var set = SetInfo(
            name: "accept4", type: "ipv4_addr", flags: ["timeout"], count: 10, capacity: 1_048_576)
        set.packets = 1
        return Status(
            version: "0.1.0", mode: .ownedPersistent, table: "inet sentinel", started: Recorder.now, bans: 10,
            generation: 1,
            callers: 1, subscribers: 0,
            kernel: KernelInfo(
                release: "6.12.9", ownership: true, persistence: true, timeoutUpdate: true,
                elementDestroy: true,
                setCounts: true, socketDestroy: true), ledger: .healthy, sets: [set], problems: [])
    }

    /// A host where all is as it should be.
    private static func host(_ change: (inout HostFacts) -> Void = { _ in }) -> HostFacts {
        var ruleset = Ruleset()
        let own = Ruleset.Table(family: "inet", name: "sentinel")
        ruleset.tables = [own]
        ruleset.chains = [
            .init(
                table: own, name: "inbound", type: "filter", hook: "prerouting", priority: -300,
                policyDrops: false, devices: []),
            .init(
                table: own, name: "outbound", type: "filter", hook: "output", priority: 0, policyDrops: false,
                devices: []),
        ]
        let configuration = configuration()
        var facts = HostFacts(
            now: Recorder.now, kernel: "6.12.9", file: "/etc/sentinel/sentinel.toml",
            configuration: configuration,
            socket: "/run/sentinel/sentinel.sock",
            helper: .running(
                .init(
                    status: status, reload: .taken(file: "/etc/sentinel/sentinel.toml", changed: []),
                    latest: Recorder.now)), ruleset: .seen(ruleset),
            listeners: [listener(), listener(.udp), listener(.tcp, 22, user: 0, program: "sshd")],
            users: [.init(account: "seed", id: 990, runs: true)],
            unit: .seen(.init(isActive: true, isEnabled: true, exposure: 11, dropIns: [])))
        facts.files = [
            .init(
                role: .configuration, path: "/etc/sentinel/sentinel.toml", owner: 0, group: "root",
                mode: 0o644),
            .init(
                role: .socket, path: "/run/sentinel/sentinel.sock", owner: 0, group: "sentinel-clients",
                mode: 0o660),
            .init(role: .state, path: "/var/lib/sentinel", owner: 995, group: "sentinel", mode: 0o700),
            .init(
                role: .reader, path: "/usr/libexec/seed-sentinel/sentinel-config", owner: 0, group: "root",
                mode: 0o755),
        ]
        change(&facts)
        return facts
    }

    private static func findings(_ change: (inout HostFacts) -> Void = { _ in }) -> [CheckFinding] {
        Judgement(host(change), LocalTime { _ in 0 }).findings
    }

    /// What isn't right, as "level area: what".
    private static func wrong(_ change: (inout HostFacts) -> Void) -> [String] {
        findings(change).filter { $0.level != .ok }.map { "\($0.level) \($0.area): \($0.what)" }
    }

    private static func running(_ facts: inout HostFacts, _ change: (inout HostFacts.Helper) -> Void) {
        guard var helper = facts.running else { return }
        change(&helper)
        facts.helper = .running(helper)
    }

    @Test func `Where all is well, each area says so`() {
        let findings = Self.findings()
        #expect(findings.allSatisfy { $0.level == .ok && $0.remedy == nil }, "\(findings)")
        #expect(Set(findings.map(\.area)) == Set(CheckFinding.Area.allCases))
    }

    @Test func `A file that says otherwise than what is in force is told, by its keys`() {
        let file = "/etc/sentinel/sentinel.toml"
        func wrong(_ reload: HostFacts.Reload?) -> [String] {
            Self.wrong { facts in Self.running(&facts) { $0.reload = reload } }
        }
        #expect(
            wrong(.taken(file: file, changed: ["[access] operate", "[log] level"])) == [
                "warning configuration: \(file) says otherwise than what sentineld runs with: [access] operate, [log] level"
            ])
        let many = (1...7).map { "[table] k\($0)" }
        #expect(
            wrong(.taken(file: file, changed: many)).first?
                .hasSuffix(" [table] k4, [table] k5, and 2 more") == true)
        #expect(
            wrong(.taken(file: "/etc/own.toml", changed: ["[log] level"])) == [
                "warning configuration: sentineld has read /etc/own.toml, not \(file), which is valid",
                "warning configuration: /etc/own.toml says otherwise than what sentineld runs with: [log] level",
            ])
        #expect(
            wrong(.refused(["s.toml:3: [socket] path: can't be changed; restart sentineld"])) == [
                "problem configuration: sentineld can't take its file: s.toml:3: [socket] path: can't be changed"
            ])
        // What this user may not know is no difference.
        #expect(wrong(nil) == [])
        let invalid = Self.wrong {
            ($0.configuration, $0.problems) = (nil, ["s.toml:3: [node] port: is unknown; take it out"])
        }
        #expect(invalid == ["problem configuration: s.toml:3: [node] port: is unknown"])
    }

    @Test func `Without sentineld it is told what that means`() {
        let without = Self.wrong {
            $0.helper = .away("the helper is not there")
            $0.ruleset = .seen(Ruleset())
        }
        #expect(
            without.prefix(2) == [
                "problem helper: the helper is not there",
                "problem helper: there is no table inet sentinel: nothing is enforced",
            ])
        let left = Self.wrong { $0.helper = .away("the helper is not there") }
        #expect(
            left.contains {
                $0.hasPrefix("note helper: the table inet sentinel is there: the kernel enforces")
            })
        #expect(left.contains { $0.hasPrefix("note kernel: 6.12.9: kernels from 6.9 on have") })
        let elsewhere = Self.wrong {
            $0.helper = .away("no")
            $0.configuration?.socket.path = "/run/other.sock"
        }
        #expect(
            elsewhere.contains(
                "note helper: /etc/sentinel/sentinel.toml has sentineld listen at /run/other.sock"))
        for (release, told) in [("5.15.0-1", "5.12 on"), ("5.10.0", "before 5.12"), ("x", "isn't known")] {
            let wrong = Self.wrong { ($0.helper, $0.kernel) = (.away("no"), release) }
            #expect(wrong.contains { $0.contains(told) }, "\(release)")
        }
        #expect(Self.wrong { $0.helper = .denied("no") }.first == "note helper: no")
    }

    @Test func `What sentineld itself complains of is told with its remedy, and features that lack`() {
        let findings = Self.findings { facts in
            Self.running(&facts) { helper in
                helper.status.problems = [
                    "dial4 holds 38 bans of 40; raise [capacity] or shorten [durations]", "no remedy",
                ]
                helper.status.ledger = .off
                helper.status.kernel.persistence = false
                helper.status.sets[0].count = 900_000
                helper.latest = Timestamp(rawValue: Recorder.now.rawValue + 7_200_000)
            }
        }
        #expect(
            findings.contains(
                .problem(.helper, "dial4 holds 38 bans of 40; raise [capacity] or shorten [durations]")))
        #expect(findings.contains(.problem(.helper, "no remedy")))
        let others = findings.filter { $0.level != .ok && $0.level != .problem }.map {
            "\($0.level) \($0.area)"
        }
        #expect(others == ["note helper", "note kernel", "note capacity", "warning clock"])
        #expect(
            Self.wrong { facts in Self.running(&facts) { $0.status.mode = .released } } == [
                "problem helper: the table has been released, nothing is enforced"
            ])
    }

    @Test func `A port at which nothing or something else listens is told`() {
        #expect(
            Self.wrong { $0.listeners.removeAll { $0.transport == .udp } } == [
                "warning ports: nothing listens at udp/8776"
            ])
        let loopback = Self.wrong { $0.listeners[0] = Self.listener(address: "127.0.0.1") }
        #expect(
            loopback == [
                "warning ports: radicle-node of user seed listens at tcp/8776 on the loopback alone, where nobody from outside comes"
            ])
        #expect(Self.wrong { $0.listeners.append(Self.listener(address: "::1")) } == [])
        let stranger = Self.wrong { $0.listeners[1] = Self.listener(.udp, user: 33, program: nil) }
        #expect(
            stranger == [
                "warning ports: a program of user seed listens at udp/8776, and isn't one of [node] users: its dials aren't checked"
            ])
        #expect(
            Self.wrong {
                ($0.helper, $0.configuration) = (.denied("no"), Self.configuration { $0.node.ports = [] })
            }.contains { $0.hasPrefix("problem ports: [node] ports is empty") })
    }

    @Test func `Users who aren't there or run nothing are told`() {
        let wrong = Self.wrong {
            $0.users = [
                .init(account: "seed", id: 990, runs: false),
                .init(account: "nobody-here", id: nil, runs: false),
            ]
        }
        #expect(
            wrong == [
                "note users: user seed, of [node] users, runs nothing now",
                "problem users: there is no user nobody-here, of [node] users: its dials aren't checked",
            ])
        let none = Self.wrong { facts in
            facts.configuration?.node.users = []
            facts.users = []
        }
        #expect(none == ["note users: [node] users is empty, so bans at dial touch nobody"])
    }

    @Test func `SSH is none of the node's ports, and is guarded where it is`() {
        #expect(
            Self.wrong { facts in
                facts.configuration?.node.ports = [ListeningPort(.tcp, 22)]
                facts.users = [.init(account: "root", id: 0, runs: true)]
            } == ["problem ssh: tcp/22 is SSH's, and one of [node] ports: a ban could cost you your login"])
        #expect(
            Self.wrong { $0.listeners[2].port = 2222 } == [
                "warning ssh: sshd listens at port 2222, which isn't one of [guards] ssh_ports: who is logged in there can be banned",
                "note ssh: nothing listens at port 22, one of [guards] ssh_ports",
            ])
        #expect(
            Self.wrong {
                $0.configuration?.guards.sshPorts = []
                $0.listeners.removeLast()
            } == ["note ssh: [guards] ssh_ports is empty: nobody is guarded for being logged in by SSH"])
    }

    @Test func `A unit that is loosened, off or not the one that runs is told`() {
        func unit(_ unit: HostFacts.Unit) -> [String] { Self.wrong { $0.unit = .seen(unit) } }
        #expect(
            unit(.init(isActive: true, isEnabled: true, exposure: 48, dropIns: ["/etc/x.conf"])) == [
                "warning unit: sentineld.service is more exposed than it comes: 4.8 instead of 1.2 at most, with /etc/x.conf"
            ])
        #expect(
            unit(.init(isActive: true, isEnabled: true, exposure: 11, dropIns: ["/etc/x.conf"])) == [
                "note unit: sentineld.service is changed by /etc/x.conf, and no more exposed by that"
            ])
        #expect(
            unit(.init(isActive: true, isEnabled: false, exposure: 11, dropIns: [])) == [
                "warning unit: sentineld.service isn't started with the host"
            ])
        #expect(
            unit(.init(isActive: false, isEnabled: true, exposure: 11, dropIns: [])).first?.hasPrefix(
                "note unit: sentineld runs, but not as") == true)
        #expect(
            Self.wrong { $0.unit = .unseen("systemd doesn't run here", remedy: "r") } == [
                "note unit: the service isn't looked at: systemd doesn't run here"
            ])
        let report =
            "✗ PrivateNetwork=  Service has access  0.5\n\n→ Overall exposure level for sentineld.service: 1.1 OK 🙂\n"
        #expect(HostReading.exposure(in: report) == 11 && HostReading.exposure(in: "nothing") == nil)
    }

    @Test func `Files that others can change or read are told`() {
        for (index, mode, level) in [
            (0, 0o664, "problem"), (1, 0o666, "warning"), (2, 0o755, "warning"), (3, 0o757, "problem"),
        ] as [(Int, UInt32, String)] {
            let wrong = Self.wrong { $0.files[index].mode = mode }
            #expect(
                wrong.count == 1 && wrong[0].hasPrefix("\(level) files: ")
                    && wrong[0].contains(String(mode, radix: 8)), "\(wrong)")
        }
        #expect(Self.wrong { $0.files[3].owner = 1000 }.first?.hasPrefix("problem files: ") == true)
    }

    @Test func `Findings fit a narrow terminal, each with its remedy`() {
        let findings = Self.findings { $0.listeners = [] }
        let recorder = Recorder()
        let lines = FindingText(recorder.console()).lines(findings).map { $0.rendered(inColours: false) }
        #expect(lines.allSatisfy { $0.count <= 80 })
        #expect(
            lines.contains("warning  ports          nothing listens at tcp/8776; start the node, or correct"))
        #expect(lines.last == "2 warnings.")
        let good = FindingText(recorder.console()).lines(Self.findings())
        #expect(good.last?.rendered(inColours: false) == "Nothing is wrong.")
    }

    @Test func `The kernel's lists of sockets are read`() {
        let tcp = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:2248 00000000:0000 0A 00000000:00000000 00:00000000 00000000   990        0 4711 1 0 100 0 0 10 0
               1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 99 1 0
               2: 0100007F:2248 0100007F:C001 01 00000000:00000000 00:00000000 00000000   990        0 5 1 0
            nonsense
            """
        let sockets = ListeningSocket.listed(in: tcp, .tcp)
        #expect(
            sockets.map(\.port) == [8776, 22] && sockets.map(\.user) == [990, 0]
                && sockets.map(\.inode) == [4711, 99])
        #expect(
            sockets.map { "\($0.address)" } == ["127.0.0.1", "0.0.0.0"]
                && sockets.map(\.isLoopback) == [true, false])
        let udp6 = """
              sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
             8: 00000000000000000000000001000000:2248 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 12 2 0 0
             9: B80D0120000000000000000007000000:2248 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 13 2 0 0
            """
        let six = ListeningSocket.listed(in: udp6, .udp)
        #expect(
            six.map { "\($0.address)" } == ["::1", "2001:db8::7"] && six.map(\.isLoopback) == [true, false])
        #expect(ListeningSocket.listed(in: "", .tcp) == [])
    }
}
