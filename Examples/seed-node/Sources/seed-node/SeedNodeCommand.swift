// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ArgumentParser

/// The command: it parses, and leaves the rest to the library.
@main
struct SeedNodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seed-node",
        abstract: "A small seed node, an honest client for it, and a flood against it.",
        discussion: "Each command prints JSON lines, and ends on SIGTERM or SIGINT.",
        subcommands: [ListenCommand.self, DialCommand.self, FloodCommand.self, KeyCommand.self])
}
