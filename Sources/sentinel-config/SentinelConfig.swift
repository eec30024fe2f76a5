// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import CLinux
internal import ConfigurationReader
internal import SentinelConfiguration

/// Reads sentineld's configuration where nothing can be lost: without any privilege.
@main
struct SentinelConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sentinel-config",
        abstract: "Checks a configuration of sentineld, and prints it as JSON.",
        discussion: """
            Try a changed configuration before sentineld is restarted with it:

              sentinel-config --check /etc/sentinel/sentinel.toml

            It says "ok", or each problem as FILE:LINE: [section] key: what is wrong; what to do about it.

            sentineld itself runs this program, confined and without any privilege, to read its configuration. What is printed \
            is the whole configuration with every default filled in: durations are milliseconds, and those for \
            checks and reasons are complete. See all defaults:

              sentinel-config --default

            The keys are explained in the sentinel.toml that comes with sentineld.

            Exit status: 0 where the configuration is good, 2 where it has problems, 64 where the command line \
            has, 1 where the output can't be written.
            """,
        version: "0.1.0")

    @Flag(help: "Only check: print \"FILE: ok\" rather than JSON.")
    var check = false

    @Flag(name: .customLong("default"), help: "Print the defaults; no file is read.")
    var defaults = false

    @Option(help: ArgumentHelp("What to call the file in messages.", valueName: "file"))
    var name: String?

    @Flag(help: "Be unable to write to files and to start processes before the file is read.")
    var confined = false

    @Argument(help: "The configuration; - for the standard input.")
    var file: String?

    func validate() throws {
        guard defaults || file != nil else {
            throw ValidationError("Name a file, - for the standard input, or --default.")
        }
        guard !(defaults && (file != nil || check || name != nil)) else {
            throw ValidationError("--default stands alone: it reads no file.")
        }
    }

    func run() throws {
        if confined {
            guard clinux_confine() == 0 else {
                Output.error.write("sentinel-config: setrlimit(2) failed; run it without --confined")
                throw ExitCode(1)
            }
        }
        do {
            let configuration = try file.map(read) ?? Configuration()
            guard Output.standard.write(try check ? "\(called): ok" : configuration.json) else {
                Output.error.write("sentinel-config: can't write to the standard output; see what it goes to")
                throw ExitCode(1)
            }
        } catch let error as ConfigurationError {
            Output.error.write(error.description)
            throw ExitCode(2)
        }
    }

    /// What the file is called in messages.
    private var called: String { name ?? (file == "-" ? "standard input" : file ?? "") }

    private func read(_ file: String) throws(ConfigurationError) -> Configuration {
        // One byte more than is accepted, so that a larger file is seen to be one.
        let input = try Input(file, called: called)
        return try Configuration(
            toml: try input.read(atMost: Configuration.maximumFileSize + 1), file: called)
    }
}
