// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Sentinel
internal import SentinelConfiguration
internal import TOMLDocument

extension SectionReader {
    /// Which addresses are spared for the sake of others behind them.
    func readSharedAddresses(_ name: String) -> SharedAddresses? {
        guard let standard = make({ () throws(SentinelError) in try SharedAddresses.Terms() }) else {
            return nil
        }
        var badShare = standard.badShare
        read("bad_share", .number, example: "\(badShare)", into: &badShare)
        if !(badShare > 0 && badShare <= 1) {
            report.add(
                ConfigurationFault("\(badShare) is out of range", "it is more than 0, and at most 1"),
                at: key.appending("bad_share"))
            badShare = standard.badShare
        }
        let badAfter = integer("bad_after", in: 1...100, example: standard.badAfter)
        let forgetAfter = duration("forget_after", example: "1h")
        let probation = duration("probation", in: .zero ... .seconds(365 * 86_400), example: "1m")
        let newcomers = rate("newcomers", example: "1/s")
        let handshakes = rate("handshakes", example: "250/s")
        let capacity = capacity(SharedAddresses.defaultCapacity, upTo: 1 << 20)
        let terms = make { () throws(SentinelError) in
            try SharedAddresses.Terms(
                badShare: badShare, badAfter: badAfter ?? standard.badAfter,
                forgetAfter: forgetAfter ?? standard.forgetAfter, probation: probation ?? standard.probation,
                newcomers: newcomers, handshakes: handshakes)
        }
        return terms.map { SharedAddresses(name: name, terms: $0, capacity: capacity) }
    }

    /// A rate in a section of its own, nil where there is none.
    private func rate(_ name: String, example: String) -> TokenRate? {
        let section = self.section(name)
        let rate = has(name) ? section.tokenRate(example) : nil
        section.finish()
        return rate
    }
}
