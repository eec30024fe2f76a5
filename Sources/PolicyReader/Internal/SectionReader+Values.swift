// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Sentinel
internal import SentinelConfiguration
internal import TOMLDocument

extension SectionReader {
    /// Notes a value that is out of range.
    func addRange(_ range: ClosedRange<Int>, of value: Int, at name: String) {
        report.add(
            ConfigurationFault(
                "\(value) is out of range", "it is from \(range.lowerBound) to \(range.upperBound)"),
            at: key.appending(name))
    }

    /// A number within a range; nil where there is none, or one that can't be.
    func integer(_ name: String, in range: ClosedRange<Int>, example: Int) -> Int? {
        guard let number = value(name, .integer, example: "\(example)") else { return nil }
        guard range.contains(number) else {
            addRange(range, of: number, at: name)
            return nil
        }
        return number
    }

    /// A duration within a range; nil where there is none, or one that can't be.
    func duration(
        _ name: String, in range: ClosedRange<Duration> = SectionReader.times, example: String
    ) -> Duration? {
        guard let duration = value(name, .duration, example: "\"\(example)\"") else { return nil }
        guard range.contains(duration) else {
            let (least, most) = (DurationText(range.lowerBound), DurationText(range.upperBound))
            report.add(
                ConfigurationFault(
                    "\"\(DurationText(duration))\" is out of range", "it is from \"\(least)\" to \"\(most)\""),
                at: key.appending(name))
            return nil
        }
        return duration
    }

    /// What policies count in: a second to a year.
    static var times: ClosedRange<Duration> { .seconds(1) ... .seconds(365 * 86_400) }

    /// What a policy remembers at most.
    func capacity(_ fallback: Int, upTo most: Int = 1 << 24) -> Int {
        integer("capacity", in: 1024...most, example: fallback) ?? fallback
    }

    /// Where a policy's denials live at most.
    func plane(_ fallback: Plane) -> Plane {
        var plane = fallback
        read("plane", .name, example: "\"\(fallback)\"", into: &plane)
        return plane
    }

    /// The checks at which a policy is asked.
    func checks(_ fallback: CheckSet) -> CheckSet {
        var checks = Check.allCases.filter(fallback.contains)
        let example = "[\"\(checks[0])\"]"
        read("checks", listOf: .name, example: example, into: &checks)
        if isEmptyList("checks") {
            report.add(
                ConfigurationFault("is empty: the policy would never be asked", "write checks = \(example)"),
                at: key.appending("checks"))
        }
        return CheckSet(checks.map { CheckSet($0) })
    }

    /// `rate` and `burst`, which is the rate's number where it isn't given.
    ///
    /// - Parameter isRequired: whether a rate has to be there.
    func tokenRate(_ example: String, isRequired: Bool = true) -> TokenRate? {
        let example = "\"\(example)\""
        let rate: RateText? =
            isRequired ? required("rate", .text, example: example) : value("rate", .text, example: example)
        let burst = integer("burst", in: 1...1_000_000_000, example: 20)
        guard let rate else {
            if has("burst"), !has("rate"), !isRequired {
                report.add(
                    ConfigurationFault("has no meaning without a rate", "write rate = \(example) as well"),
                    at: key.appending("burst"))
            }
            return nil
        }
        do {
            return try TokenRate(rate.count, per: rate.period, burst: burst ?? rate.count)
        } catch {
            report.add(ConfigurationFault(error), at: key.appending("rate"))
            return nil
        }
    }

    /// `family` and `prefix` of a block of addresses that a policy keeps account of.
    ///
    /// - Parameter isBlock: whether a single address is none.
    func block(isBlock: Bool = false) -> (family: IPAddress.Family, prefixLength: Int)? {
        let family: FamilyWord? = required("family", .word, example: "\"ipv4\"")
        let prefix: Int? = required(
            "prefix", .integer, example: family == .ipv6 ? "64" : isBlock ? "24" : "32")
        guard let family = family?.family, let prefix else { return nil }
        let lengths = family.policyPrefixLengths
        let range = lengths.lowerBound...(isBlock ? lengths.upperBound - 1 : lengths.upperBound)
        guard range.contains(prefix) else {
            addRange(range, of: prefix, at: "prefix")
            return nil
        }
        return (family, prefix)
    }

    /// Reads the blocks of a list, each of them once and not too many.
    ///
    /// - Parameter read: reads what is said of a block, which is nil where it can't be read itself.
    func blocks<Block>(
        _ name: String, example: String, isBlock: Bool = false,
        _ read: (SectionReader, (family: IPAddress.Family, prefixLength: Int)?) -> Block?
    ) -> [Block] {
        if isEmptyList(name) {
            report.add(
                ConfigurationFault("is empty", "remove it, or write \(name) = [\(example)]"),
                at: key.appending(name))
        }
        var seen: Set<IPNetwork> = []
        var counts: [IPAddress.Family: Int] = [:]
        return sections(name, "write \(name) = [\(example)]").compactMap { section in
            let block = section.block(isBlock: isBlock)
            let read = read(section, block)
            section.finish()
            guard let block else { return nil }
            let zero: IPAddress =
                block.family == .ipv4 ? .v4(IPv4Address(bits: 0)) : .v6(IPv6Address(high: 0, low: 0))
            guard seen.insert(IPNetwork(containing: zero, prefixLength: block.prefixLength)).inserted else {
                report.add(
                    ConfigurationFault(
                        "\(block.prefixLength) is in the list twice for this family", "remove one of them"),
                    at: section.key.appending("prefix"))
                return nil
            }
            counts[block.family, default: 0] += 1
            guard counts[block.family, default: 0] <= SourceRate.maximumTierCount else {
                report.add(
                    ConfigurationFault(
                        "is one prefix length too many for this family: at most "
                            + "\(SourceRate.maximumTierCount) are counted",
                        "leave out those that say the least"),
                    at: section.key.appending("prefix"))
                return nil
            }
            return read
        }
    }

    /// Makes a policy, or a part of one, of values that could be read.
    func make<Made>(_ body: () throws(SentinelError) -> Made) -> Made? {
        do {
            return try body()
        } catch {
            report.add(ConfigurationFault("\(error.element) \(error.code.phrase)", error.remedy), at: key)
            return nil
        }
    }
}
