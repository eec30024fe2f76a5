// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FeedReader
internal import Feeds
internal import SentinelConfiguration
internal import TOMLDocument

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Reads a list of addresses, which may be large and anyone's.
struct ListMode {
    /// What it is called in messages.
    let called: String
    let format: String?

    /// What the list comes to: for a person in words, for sentineld coded. What of it isn't taken is told on the standard
    /// error, as far as it is told one by one.
    func printed(_ file: String, inWords: Bool) throws(ConfigurationError) -> [UInt8] {
        let text = try Input(file, called: called).read(atMost: FeedReading.maximumFileSize + 1)
        let reading = try FeedReading(text: text, format: format, now: Self.now, file: called)
        for refusal in reading.refusals { Output.error.write(refusal) }
        return inWords ? Array(words(reading).utf8) : reading.coded
    }

    private func words(_ reading: FeedReading) -> String {
        let (addresses, blocks) = (reading.list.addressCount, reading.list.blockCount)
        var text = "\(called): ok, \(reading.format): addresses \(addresses), blocks \(blocks)"
        if reading.refused > 0 { text += ", refused \(reading.refused)" }
        if reading.ended > 0 { text += ", ended \(reading.ended)" }
        return text + "\n"
    }

    /// In milliseconds since 1970-01-01T00:00Z.
    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
