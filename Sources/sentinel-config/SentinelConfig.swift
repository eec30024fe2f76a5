// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import CLinux
internal import ConfigurationReader
internal import PolicyReader
internal import Sentinel
internal import SentinelConfiguration
internal import TOMLDocument

/// Reads sentineld's configuration where nothing can be lost: without any privilege. Checks a node's policies.
@main
struct SentinelConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sentinel-config",
        abstract: "Checks a configuration of sentineld, or a node's policies, and prints what it says.",
        discussion: """
            Try a changed configuration before sentineld is restarted with it:

              sentinel-config --check /etc/sentinel/sentinel.toml

            It says "ok", or each problem as FILE:LINE: [section] key: what is wrong; what to do about it.

            sentineld itself runs this program, confined and without any privilege, to read its configuration. \
            What is printed is the whole configuration with every default filled in: durations are milliseconds, \
            and those for checks and reasons are complete. See all defaults:

              sentinel-config --default

            The keys are explained in the sentinel.toml that comes with sentineld.

            A node's policies are a file of their own. Try a changed one before the node reads it:

              sentinel-config --check-policies policies.toml

            It prints the chain in words, each policy in its order with what it does, or each problem as above, \
            also those in lists that the file names. With --json, what is printed has the file's own keys with \
            every default filled in. What is no problem but worth knowing goes to the standard error as a note. \
            All keys are explained in share/seed-sentinel/policies.toml, which is the recommended chain.

            A list of addresses for a [[feed]] can be tried before sentineld reads it:

              sentinel-config --check --list /var/lib/sentinel-feeds/drop.txt

            It says as what it was read and how much is in it, or why it can't be taken; on the standard error, the first \
            lines that are refused. Without --check, what is printed is what sentineld takes, which is for no terminal.

            Change the file as a program would, and see what becomes of it; comments and all else stay as they are, and \
            whether it is valid then is another question:

              sentinel-config --edit '[{"set": ["durations", "default", "first"], "value": "1h"}]' sentinel.toml

            The others are {"remove": KEY}, {"append": KEY, "value": VALUE, "note": TEXT} for a list, and \
            {"append_section": KEY, "entries": [{"name": NAME, "value": VALUE}]}.

            Exit status: 0 where the file is good, 2 where it has problems, 64 where the command line \
            has, 1 where the output can't be written.
            """,
        version: "0.1.0")

    @Flag(help: "Only check: print \"FILE: ok\" rather than JSON.")
    var check = false

    @Flag(name: .customLong("default"), help: "Print the defaults; no file is read.")
    var defaults = false

    @Flag(help: "The file is a node's policies: print them in words, in their order.")
    var checkPolicies = false

    @Flag(help: "With --check-policies: print JSON rather than words.")
    var json = false

    @Flag(help: "The file is a list of addresses, for a [[feed]]: read it as sentineld would.")
    var list = false

    @Option(
        help: ArgumentHelp("With --list: the list's format, if it isn't to be found out.", valueName: "name"))
    var format: String?

    @Option(help: ArgumentHelp("Print the file as these changes make it.", valueName: "json"))
    var edit: String?

    @Option(help: ArgumentHelp("What to call the file in messages.", valueName: "file"))
    var name: String?

    @Flag(help: "Be unable to write to files and to start processes before the file is read.")
    var confined = false

    @Argument(
        help: "The configuration, or the policies; - for the standard input.",
        completion: .file(extensions: ["toml"]))
    var file: String?

    func validate() throws {
        guard defaults || file != nil else {
            throw ValidationError("Name a file, - for the standard input, or --default.")
        }
        guard !(defaults && (file != nil || check || name != nil || checkPolicies)) else {
            throw ValidationError("--default stands alone: it reads no file.")
        }
        guard !(list && (defaults || checkPolicies || edit != nil)) else {
            throw ValidationError("--list goes with --check and --format alone.")
        }
        guard format == nil || list else { throw ValidationError("--format goes with --list.") }
        guard edit == nil || !(defaults || check || checkPolicies) else {
            throw ValidationError("--edit stands alone: check the file that comes of it.")
        }
        guard !(check && checkPolicies) else {
            throw ValidationError(
                "--check is for sentineld's configuration, --check-policies for a node's policies.")
        }
        guard !json || checkPolicies else {
            throw ValidationError(
                "--json goes with --check-policies; a configuration is printed as JSON anyway.")
        }
    }

    func run() throws {
        if confined {
            guard clinux_confine() == 0, !list || clinux_bound(Self.mostMemory, Self.mostSeconds) == 0 else {
                Output.error.write("sentinel-config: setrlimit(2) failed; run it without --confined")
                throw ExitCode(1)
            }
        }
        do {
            guard try Output.standard.write(printed()) else {
                Output.error.write("sentinel-config: can't write to the standard output; see what it goes to")
                throw ExitCode(1)
            }
        } catch let error as ConfigurationError {
            Output.error.write(error.description)
            throw ExitCode(2)
        }
    }

    /// What reading a list may take, in bytes of address space: many times what the largest one needs, and no more than
    /// the service has.
    private static let mostMemory = UInt64(3) << 30
    /// The same in seconds of a processor.
    private static let mostSeconds: UInt64 = 60

    /// What goes to the standard output.
    private func printed() throws -> [UInt8] {
        if list {
            return try ListMode(called: called, format: format).printed(file ?? "-", inWords: check)
        }
        if let edit { return try edited(by: ConfigurationEdit.edits(json: edit)) }
        return Array((try checkPolicies ? policies() : configuration()).utf8) + [UInt8(ascii: "\n")]
    }

    /// What the file is called in messages.
    private var called: String { name ?? (file == "-" ? "standard input" : file ?? "") }

    private func configuration() throws -> String {
        let configuration = try file.map(read) ?? Configuration()
        return try check ? "\(called): ok" : configuration.json
    }

    /// The chain of policies in the file.
    private func policies() throws -> String {
        let chain = try PolicyChain(
            contentsOf: file ?? "-", called: called, now: MonotonicInstant(nanoseconds: 0))
        for note in chain.notes { Output.error.write("note: \(note)") }
        let head = "\(called): ok; the policies in their order, the first that denies decides:"
        return try json ? chain.json : "\(head)\n\(chain)"
    }

    private func read(_ file: String) throws(ConfigurationError) -> Configuration {
        try Configuration(toml: try text(file), file: called)
    }

    /// The file with some changes.
    private func edited(by edits: [ConfigurationEdit]) throws(ConfigurationError) -> [UInt8] {
        try ConfigurationEdit.apply(edits, toToml: try text(file ?? "-"), file: called)
    }

    private func text(_ file: String) throws(ConfigurationError) -> [UInt8] {
        // One byte more than is accepted, so that a larger file is seen to be one.
        try Input(file, called: called).read(atMost: Configuration.maximumFileSize + 1)
    }
}
