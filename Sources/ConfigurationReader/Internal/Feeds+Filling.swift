// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration
internal import TOMLDocument

extension Configuration {
    /// Takes over `[[feed]]`, each with the name and the path that it must have.
    mutating func fillFeeds(from file: SectionReader) {
        let sections = file.sections("feed", "write [[feed]] in a line of its own, with two brackets")
        feeds = sections.compactMap { section in
            let name = section.required("name", .feedName, example: "\"drop\"")
            let path = section.required("path", .string, example: "\"/var/lib/sentinel-feeds/drop.txt\"")
            var feed = Feed(name: name ?? "", path: path ?? "")
            section.read("format", .feedFormat, example: "\"plain\"", into: &feed.format)
            section.read("max_age", .feedAge, example: "\"3d\"", into: &feed.maxAge)
            section.finish()
            return name != nil && path != nil ? feed : nil
        }
    }
}

extension Form<String> {
    /// A feed's name.
    fileprivate static var feedName: Form {
        Form("a string") { value throws(ConfigurationFault) in
            guard let name = value.string else { return nil }
            if let fault = Configuration.Feed.fault(ofName: name) { throw fault }
            return name
        }
    }
}

extension Form<Configuration.FeedFormat?> {
    /// A format's name; nil where it is to be found out.
    fileprivate static var feedFormat: Form {
        Form("a string") { value throws(ConfigurationFault) in
            guard let text = value.string else { return nil }
            guard text != "auto" else { return .some(nil) }
            guard let format = Configuration.FeedFormat(rawValue: text) else {
                throw .unknownWord(text, of: ["auto"] + Configuration.FeedFormat.allCases.map(\.rawValue))
            }
            return format
        }
    }
}

extension Form<Duration?> {
    /// How old a feed's file may become; nil where that doesn't matter.
    fileprivate static var feedAge: Form {
        let duration = Form<Duration>.duration
        return Form("a string") { value throws(ConfigurationFault) in
            if value.string == "none" { return .some(nil) }
            return try duration.read(value, "write max_age = \"3d\"")
        }
    }
}
