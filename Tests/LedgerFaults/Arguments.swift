// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// What is on the command line: a verb, and `--name value` or `--flag`.
struct Arguments {
    let verb: String
    private var values: [String: String] = [:]

    init(_ arguments: [String]) {
        verb = arguments.first ?? ""
        var rest = arguments.dropFirst()
        while let name = rest.popFirst() {
            if let value = rest.first, !value.hasPrefix("--") {
                values[name] = value
                rest.removeFirst()
            } else {
                values[name] = ""
            }
        }
    }

    func has(_ name: String) -> Bool { values[name] != nil }

    func text(_ name: String) -> String? { values[name] }

    func number(_ name: String, _ otherwise: Int) -> Int { values[name].flatMap { Int($0) } ?? otherwise }
}
