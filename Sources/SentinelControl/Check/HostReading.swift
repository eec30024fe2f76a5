// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ConfigurationLoader
internal import SentinelConfiguration
internal import SentinelProtocol
internal import Varlink

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Looks at the host that the command runs on. Nothing is changed by it.
struct HostReading {
    let console: Console
    let helper: HelperAddress
    /// The configuration's file.
    let file: String

    func facts() async throws -> HostFacts {
        let reached = try await reached()
        let (configuration, path, problems) = configuration()
        let users = (configuration?.node.users ?? []).map(user)
        var facts = HostFacts(
            now: console.now(), kernel: Self.kernel, file: path, configuration: configuration,
            problems: problems,
            socket: helper.socket, helper: reached, ruleset: ruleset(), users: users, unit: unit())
        facts.legacyTables = Self.legacyTables
        facts.flushes = Self.flushes
        facts.listeners = listeners(configuration)
        facts.files = files(path, configuration)
        return facts
    }

    // MARK: Configuration and helper

    private func configuration() -> (Configuration?, file: String, [String]) {
        let found: ConfigurationFile
        do {
            found = try ConfigurationFile(file, lock: .none)
        } catch {
            return (nil, file, [error.message])
        }
        do {
            return (
                try ConfigurationProgram.find().configuration(ofText: found.text, file: found.path),
                found.path, []
            )
        } catch {
            return (nil, found.path, error.problems.map(\.description))
        }
    }

    private func reached() async throws -> HostFacts.Reached {
        do {
            let client = try await helper.connect()
            return .running(try await told(client))
        } catch {
            let error = ControlError(error, socket: helper.socket)
            switch error.status {
            case .unreachable: return .away(error.message)
            case .denied: return .denied(error.message)
            default: throw error
            }
        }
    }

    private func told(_ client: VarlinkClient) async throws(VarlinkError) -> HostFacts.Helper {
        let patience = HelperAddress.patience
        var helper = HostFacts.Helper(
            status: try await client.call(HelperInterface.status, timeout: patience))
        helper.reload = try await reload(client)
        helper.latest =
            try await Self.allowed { () throws(VarlinkError) in
                try await client.call(HelperInterface.history, .init(limit: 1), timeout: patience).events
                    .first?.time
            } ?? nil
        return helper
    }

    private func reload(_ client: VarlinkClient) async throws(VarlinkError) -> HostFacts.Reload? {
        do {
            let reply = try await client.call(
                HelperInterface.reload, .init(dryRun: true), timeout: HelperAddress.patience)
            return .taken(
                file: reply.file.map(ConfigurationFile.resolved), changed: reply.changes.map(\.key))
        } catch let error where error.code == .errorReply {
            return (error.reply(as: HelperInterface.ReloadRefused.self)?.problems).map { .refused($0) }
        }
    }

    /// What a call gives; nil where the helper answers with an error: this user may not know it, or there is none.
    private static func allowed<Value>(
        _ call: () async throws(VarlinkError) -> Value
    ) async throws(VarlinkError) -> Value? {
        do {
            return try await call()
        } catch let error where error.code == .errorReply {
            return nil
        }
    }

    // MARK: Programs

    private func ruleset() -> Seen<Ruleset> {
        // Without the sets' elements: a million take nft a minute.
        guard let found = ProgramOutput.of("nft", ["--json", "--terse", "list", "ruleset"]) else {
            return .unseen("there is no nft here", remedy: "install it (apt install nftables)")
        }
        guard found.status == 0 else {
            return geteuid() == 0
                ? .unseen("nft fails: \(found.complaint)", remedy: "see \"nft --terse list ruleset\"")
                : .unseen("only root may list them", remedy: "run it as root, by sudo")
        }
        do {
            return .seen(try Ruleset(json: found.output))
        } catch {
            return .unseen(
                "nft's JSON isn't understood", remedy: "look at \"nft --terse list ruleset\" yourself")
        }
    }

    private static let service = "sentineld.service"

    private func unit() -> Seen<HostFacts.Unit> {
        guard access("/run/systemd/system", F_OK) == 0 else {
            return .unseen(
                "systemd doesn't run here",
                remedy: "see that whatever starts sentineld confines it as the unit does")
        }
        let properties = ["LoadState", "ActiveState", "UnitFileState", "DropInPaths"]
        guard
            let shown = ProgramOutput.of(
                "systemctl", ["show", Self.service, "--property=\(properties.joined(separator: ","))"]),
            shown.status == 0
        else {
            return .unseen("systemctl doesn't tell of it", remedy: "see \"systemctl status \(Self.service)\"")
        }
        var values: [String: String] = [:]
        for line in String(decoding: shown.output, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        }
        guard values["LoadState"] == "loaded" else {
            return .unseen("there is no \(Self.service)", remedy: "install sentineld with its unit")
        }
        let report = ProgramOutput.of("systemd-analyze", ["security", "--no-pager", Self.service])
        return .seen(
            .init(
                isActive: ["active", "reloading", "activating"].contains(values["ActiveState"]),
                isEnabled: values["UnitFileState"]?.hasPrefix("enabled") == true,
                exposure: report.flatMap { Self.exposure(in: String(decoding: $0.output, as: UTF8.self)) },
                dropIns: (values["DropInPaths"] ?? "").split(separator: " ").map(String.init)))
    }

    /// `→ Overall exposure level for sentineld.service: 1.1 OK`, in tenths.
    static func exposure(in report: String) -> Int? {
        guard let line = report.split(separator: "\n").last(where: { $0.hasPrefix("→") }),
            let number = line.split(separator: " ").first(where: { $0.first?.isNumber == true })
        else { return nil }
        let parts = number.split(separator: ".").map { Int($0) }
        guard parts.count == 2, let whole = parts[0], let tenths = parts[1] else { return nil }
        return whole * 10 + tenths
    }
}
