// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ArgumentParser
import SeedNode

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Print the peer id of a key file, which is made if there is none.")

    @Argument(help: "The file: 32 bytes, an Ed25519 private key.")
    var file: String

    func run() async throws {
        Output.print(IdentityLine(peer: "\(try KeyFile.identity(at: file).peer)"))
    }
}

private struct IdentityLine: Encodable {
    let event = "identity"
    let peer: String
}
