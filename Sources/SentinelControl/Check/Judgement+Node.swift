// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import SentinelConfiguration

// The node: its ports and users, and SSH, which no ban may cost anybody.

extension Judgement {
    var ports: [CheckFinding] {
        guard let ports = facts.configuration?.node.ports else { return [] }
        // That there are none, a running sentineld says itself.
        return ports.isEmpty && facts.running == nil
            ? [
                .problem(
                    .ports,
                    "[node] ports is empty, so bans at accept touch nobody; list the node's listening ports")
            ]
            : ports.map(finding)
    }

    private func finding(_ port: ListeningPort) -> CheckFinding {
        let listeners = facts.listeners.filter { $0.transport == port.transport && $0.port == port.number }
        guard let first = listeners.first else {
            return .warning(
                .ports,
                "nothing listens at \(port); start the node, or correct [node] ports: a node in a network "
                    + "namespace of its own, as in a container, isn't seen from here")
        }
        let who = name(first)
        guard listeners.contains(where: { !$0.isLoopback }) else {
            return .warning(
                .ports,
                "\(who) listens at \(port) on the loopback alone, where nobody "
                    + "from outside comes; have the node listen on the host's addresses")
        }
        let known = Set(facts.users.compactMap(\.id))
        guard !known.isEmpty, let stranger = listeners.first(where: { !known.contains($0.user) }) else {
            return .ok(.ports, "\(who) listens at \(port)")
        }
        let user = stranger.userName ?? "\(stranger.user)"
        return .warning(
            .ports,
            "\(name(stranger)) listens at \(port), and isn't one of [node] users: "
                + "its dials aren't checked; add \"\(user)\" to [node] users, or see what listens there")
    }

    private func name(_ listener: ListeningSocket) -> String {
        let user = listener.userName.map { "user \($0)" } ?? "user \(listener.user)"
        return listener.program.map { "\($0) of \(user)" } ?? "a program of \(user)"
    }

    var users: [CheckFinding] {
        guard let configuration = facts.configuration else { return [] }
        guard !configuration.node.users.isEmpty else {
            return [
                .note(
                    .users,
                    "[node] users is empty, so bans at dial touch nobody; list the users "
                        + "that the node runs as")
            ]
        }
        return facts.users.map { user in
            guard user.id != nil else {
                return .problem(
                    .users,
                    "there is no user \(user.account), of [node] users: its dials "
                        + "aren't checked; make the user, or correct [node] users")
            }
            return user.runs
                ? .ok(.users, "user \(user.account) runs something, and its dials are checked")
                : .note(
                    .users,
                    "user \(user.account), of [node] users, runs nothing now; start the "
                        + "node, or correct [node] users")
        }
    }

    var ssh: [CheckFinding] {
        guard let configuration = facts.configuration else { return [] }
        let guarded = configuration.guards.sshPorts
        let daemons = facts.listeners.filter {
            $0.transport == .tcp && $0.program == "sshd" && !$0.isLoopback
        }
        let sshPorts = Set(guarded).union(daemons.map(\.port))
        var findings: [CheckFinding] = configuration.node.ports.filter {
            $0.transport == .tcp && sshPorts.contains($0.number)
        }.map {
            .problem(
                .ssh,
                "\($0) is SSH's, and one of [node] ports: a ban could cost you your login; "
                    + "take it out of [node] ports")
        }
        for port in Set(daemons.map(\.port)).subtracting(guarded).sorted() {
            findings.append(
                .warning(
                    .ssh,
                    "sshd listens at port \(port), which isn't one of [guards] ssh_ports: "
                        + "who is logged in there can be banned; add \(port) to [guards] ssh_ports"))
        }
        for port in guarded
        where !facts.listeners.contains(where: { $0.transport == .tcp && $0.port == port }) {
            findings.append(
                .note(
                    .ssh,
                    "nothing listens at port \(port), one of [guards] ssh_ports; set ssh_ports "
                        + "to where sshd listens"))
        }
        if guarded.isEmpty, daemons.isEmpty {
            findings.append(
                .note(.ssh, "[guards] ssh_ports is empty: nobody is guarded for being logged in by SSH"))
        }
        return findings.isEmpty
            ? [.ok(.ssh, "who is logged in by SSH can't be banned, and SSH is none of the node's ports")]
            : findings
    }
}
