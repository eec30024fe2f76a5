// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FuzzDriver
internal import Inet

@testable internal import SentinelConfiguration

// The texts that values of a configuration are: what is read prints as what reads the same again, and what is wrong is
// said in a plain line.

func check<Value: ConfigurationText & Equatable>(_ type: Value.Type, _ text: String) {
    do throws(ConfigurationFault) {
        let value = try Value(parsing: text)
        let printed = value.description
        require((try? Value(parsing: printed)) == value, "\(type) \(text) reads back from \(printed)")
        requirePlain(printed)
    } catch {
        requirePlain(error.fault)
        requirePlain(error.remedy)
    }
}

fuzz { input in
    let text = String(decoding: input, as: UTF8.self)
    check(DurationText.self, text)
    check(RateText.self, text)
    check(NetworkText.self, text)
    check(ListeningPort.self, text)
    check(FileMode.self, text)
    check(Account.self, text)
    check(Principal.self, text)
    requirePlain(ConfigurationKey("section", text).description)

    if input.count >= 16 {
        // Any two numbers: whatever a duration is made of.
        let seconds = input.loadUnaligned(as: Int64.self)
        let attoseconds = input.loadUnaligned(fromByteOffset: 8, as: Int64.self)
        let duration = Duration(secondsComponent: seconds / 4, attosecondsComponent: attoseconds)
        requirePlain(DurationText(duration).description)
        _ = duration.milliseconds
        let year = seconds % 10_000_000
        let time = WallTime(sinceEpoch: .seconds(year * 31_556_952 + attoseconds % 86_400))
        requirePlain(time.description)
    }
}
