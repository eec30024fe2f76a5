// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser

/// What every verb takes that changes the configuration.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The file that sentineld was started with.", valueName: "path"))
    var config = ConfigurationFile.defaultPath

    @Flag(help: "Change nothing: show what would become of the file.")
    var dryRun = false
}
