// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc
internal import SentinelControl

@main
struct Main {
    static func main() async {
        exit(await ControlProgram.run(Array(CommandLine.arguments.dropFirst()), on: .system()))
    }
}
