// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import SentinelConfiguration
internal import TOMLDocument

extension Configuration {
    /// The largest file that is read, in bytes.
    public static let maximumFileSize = Document.maximumSize

    /// Reads a configuration from TOML (toml.io, version 1.0). What the text leaves out has its default.
    ///
    /// - Parameters:
    ///   - text: the file's bytes, UTF-8.
    ///   - file: what the file is called in messages.
    /// - Throws: everything that is wrong with the file, in the order of its lines.
    public init(toml text: some Collection<UInt8>, file: String) throws(ConfigurationError) {
        let (root, report) = try Document(text, file: file).read()
        var read = Configuration()
        read.fill(from: root)
        report.add(read.findings)
        try report.finish()
        self = read
    }
}
