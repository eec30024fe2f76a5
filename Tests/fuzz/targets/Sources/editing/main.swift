// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import ConfigurationReader
internal import FuzzDriver
internal import SentinelConfiguration

// Changes of an operator's file, of which the first byte chooses one: it is made, or refused in plain lines. What is made
// can be made once more without changing anything, a value that is set is in the file, and what was added and is removed
// again leaves the text as it was, or as it is after a second time.

let first = ConfigurationKey("durations", "default", "first")
let addresses = ConfigurationKey("exempt", "addresses")

func edited(_ text: [UInt8], _ edit: ConfigurationEdit) -> [UInt8]? {
    do throws(ConfigurationError) {
        return try ConfigurationEdit.apply([edit], toToml: text, file: "sentinel.toml")
    } catch {
        for problem in error.problems { requirePlain("\(problem)") }
        return nil
    }
}

fuzz { input in
    guard let choice = input.first else { return }
    let text = Array(input.dropFirst())
    switch choice % 4 {
    case 0:
        let edit = ConfigurationEdit.set(first, .text("1h"))
        guard let new = edited(text, edit) else { return }
        require(edited(new, edit) == new, "what says it already isn't changed")
    case 1:
        let added = ConfigurationKey("durations", "reason", "x", "first")
        guard let new = edited(text, .set(added, .text("1h"))) else { return }
        guard let without = edited(new, .remove(added)) else {
            return require(false, "what was set can be removed")
        }
        require(edited(without, .set(added, .text("1h"))) != nil, "and set again")
    case 2:
        guard let new = edited(text, .append(addresses, .text("192.0.2.1"), note: "x")) else { return }
        require(
            edited(new, .append(addresses, .text("192.0.2.2"), note: nil)) != nil, "a list takes a second one"
        )
    default:
        guard let new = edited(text, .remove(first)) else { return }
        require(edited(new, .remove(first)) == nil, "what was removed isn't there")
    }
}
