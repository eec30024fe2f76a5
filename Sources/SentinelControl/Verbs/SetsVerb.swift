// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ArgumentParser
internal import SentinelProtocol
internal import Varlink

struct SetsVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "sets",
        abstract: "Show what is in the kernel's sets now: keys, time left, packets refused, reasons.",
        discussion: """
            Without a name, all sets are shown. With --json, a line for each element.

            EXAMPLES:
              sentinelctl sets
              sentinelctl sets accept4
              sentinelctl sets dial4 --json | jq -r 'select(.packets > 0) | .key'
            """)

    @Argument(help: ArgumentHelp("The set.", valueName: "name"))
    var name: String?

    @OptionGroup var common: CommonOptions

    func perform(_ console: Console, _ helper: HelperAddress) async throws -> ExitStatus {
        let client = try await helper.connect()
        let parameters = HelperInterface.Sets.Parameters(name: name, elements: true)
        var pages = SetPages(console)
        var isEmpty = true
        for try await reply in client.stream(HelperInterface.sets, parameters) {
            for set in reply.sets {
                if set.elements?.isEmpty == false { isEmpty = false }
                if common.json {
                    try console.write(
                        (set.elements ?? []).map { try JSONText.line(Row(set: set.name, $0)) }.joined())
                } else {
                    try console.print(pages.lines(set))
                }
            }
        }
        if isEmpty { console.remark(name.map { "The set \($0) is empty." } ?? "All sets are empty.") }
        return .done
    }

    /// An element with the name of its set.
    private struct Row: Encodable {
        let set: String
        let element: SetElement

        init(set: String, _ element: SetElement) {
            self.set = set
            self.element = element
        }

        private enum CodingKeys: CodingKey {
            case set
        }

        func encode(to encoder: any Encoder) throws {
            try element.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(set, forKey: .set)
        }
    }
}
