// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

// Who could get at sentineld: its unit, and the files that it trusts.

extension Judgement {
    /// What `systemd-analyze security` gives the unit as it comes, in tenths.
    private static var usual: Int { 12 }

    var unit: [CheckFinding] {
        switch facts.unit {
        case .unseen(let why, let remedy):
            return [.note(.unit, "the service isn't looked at: \(why)", remedy: remedy)]
        case .seen(let unit):
            let dropIns = unit.dropIns.joined(separator: ", ")
            var findings: [CheckFinding] = []
            if let exposure = unit.exposure, exposure > Self.usual {
                let text = "\(exposure / 10).\(exposure % 10)"
                findings.append(
                    .warning(
                        .unit,
                        "sentineld.service is more exposed than it comes: \(text) instead of 1.2 at most"
                            + (unit.dropIns.isEmpty ? "" : ", with \(dropIns)") + "; see "
                            + "\"systemd-analyze security sentineld.service\", and take back what "
                            + "isn't needed")
                )
            } else if !unit.dropIns.isEmpty {
                findings.append(
                    .note(
                        .unit,
                        "sentineld.service is changed by \(dropIns), and no more exposed by that"))
            }
            if !unit.isActive, facts.running != nil {
                findings.append(
                    .note(
                        .unit,
                        "sentineld runs, but not as sentineld.service: without its "
                            + "confinement and descriptor store; systemctl enable --now sentineld.service"))
            } else if !unit.isEnabled {
                findings.append(
                    .warning(
                        .unit,
                        "sentineld.service isn't started with the host; systemctl enable sentineld.service"))
            }
            if findings.isEmpty, let exposure = unit.exposure {
                findings.append(
                    .ok(
                        .unit,
                        "sentineld.service is confined as it comes: exposure "
                            + "\(exposure / 10).\(exposure % 10)"
                    ))
            }
            return findings
        }
    }

    var files: [CheckFinding] {
        let findings = facts.files.compactMap(finding)
        return findings.isEmpty && !facts.files.isEmpty
            ? [
                .ok(
                    .files,
                    "nobody else can change what sentineld trusts: "
                        + "\(facts.files.map(\.path).joined(separator: ", "))"
                )
            ]
            : findings
    }

    private func finding(_ file: HostFacts.File) -> CheckFinding? {
        let mode = String(file.mode, radix: 8)
        let othersWrite = file.mode & 0o022 != 0
        switch file.role {
        case .configuration:
            guard othersWrite else { return nil }
            return .problem(
                .files,
                "\(file.path) can be written by others (\(mode)): sentineld "
                    + "refuses it; chmod go-w \(file.path)")
        case .reader:
            guard othersWrite || file.owner != 0 else { return nil }
            return .problem(
                .files,
                "\(file.path), which reads the configuration, can be changed by others than root (\(mode), "
                    + "owner \(file.owner)); chown root \(file.path) && chmod go-w \(file.path)")
        case .state:
            guard file.mode & 0o077 != 0 else { return nil }
            return .warning(
                .files,
                "the ledger's directory \(file.path) is open to others (\(mode)): "
                    + "it says whom you refuse, and why; chmod go= \(file.path)")
        case .socket:
            guard file.mode & 0o002 != 0 else { return nil }
            return .warning(
                .files,
                "every user of this host may connect to \(file.path) (\(mode), "
                    + "group \(file.group)), though [access] says "
                    + "what each may do; set SocketMode=0660 in sentineld.socket, or [socket] mode")
        }
    }
}
