// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

extension Configuration.Feed {
    /// How many there may be.
    static let maximumCount = 64
    /// The longest name.
    static let longestName = 48
    /// The longest path, PATH_MAX without the NUL.
    static let longestPath = 4095
    /// What is less would end between two refreshments.
    static let shortestAge = Duration.seconds(60)

    static func check(_ feeds: [Self], _ findings: inout Findings) {
        let list = ConfigurationKey("feed")
        findings.require(
            feeds.count <= maximumCount, list, "is there \(feeds.count) times",
            "there are \(maximumCount) at most; join the lists in one file")
        var names: Set<String> = []
        for (place, feed) in feeds.enumerated() {
            let section = list.appending(place)
            feed.check(section, &findings)
            findings.require(
                names.insert(feed.name).inserted, section.appending("name"),
                "\(feed.name.quotedInMessage) is another feed's name as well", "give each a name of its own")
        }
    }

    private func check(_ section: ConfigurationKey, _ findings: inout Findings) {
        if let fault = Self.fault(ofName: name) {
            findings.require(false, section.appending("name"), fault.fault, fault.remedy)
        }
        let pathKey = section.appending("path")
        findings.require(
            path.isAbsolutePath, pathKey, "\(path.quotedInMessage) is no absolute path of a file",
            "write one from the root without \".\", \"..\" or \"//\", as \"/var/lib/sentinel-feeds/drop.txt\""
        )
        findings.require(
            path.utf8.count <= Self.longestPath, pathKey, "is \(path.utf8.count) bytes long",
            "a path has \(Self.longestPath) bytes at most")
        guard let maxAge else { return }
        let longest = Configuration.Durations.longest
        findings.require(
            maxAge >= Self.shortestAge && maxAge <= longest, section.appending("max_age"),
            "\"\(DurationText(maxAge))\" is out of range",
            "it is from \"\(DurationText(Self.shortestAge))\" to \"\(DurationText(longest))\", or \"none\"")
    }

    /// What is wrong with a feed's name; nil where it is one.
    package static func fault(ofName name: String) -> ConfigurationFault? {
        let isName =
            (1...longestName).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy {
                ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                    || $0 == "-" || $0 == "_" || $0 == "."
            }
        guard !isName else { return nil }
        return ConfigurationFault(
            "\(name.quotedInMessage) is no name of a feed",
            "a name has 1 to \(longestName) letters, digits, \"-\", \"_\" and \".\"")
    }
}
